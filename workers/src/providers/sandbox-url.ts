import { inject } from 'vitest';

/** For tests: the base URL of the running sandbox, without a slash at the end. */
export function sandboxUrl(): string {
  return inject('stack').sandbox_url.replace(/\/$/, '');
}
