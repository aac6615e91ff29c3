import { inject } from 'vitest';
import * as z from 'zod';

const stackSchema = z.object({ sandbox_url: z.url() });

/** For tests: the base URL of the running sandbox, without a slash at the end. */
export function sandboxUrl(): string {
  const stack: unknown = inject('stack' as never); // what the global setup provides is checked here, not by its type
  const parsed = stackSchema.safeParse(stack);
  if (!parsed.success) throw new Error('these tests need the running stack; start them with `npm test`');
  return parsed.data.sandbox_url.replace(/\/$/, '');
}
