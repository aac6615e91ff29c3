import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { LocalStack } from './make-local-world.ts';

const stackFile = z.object({
  api_url: z.url(),
  metrics_url: z.url(),
  worker_metrics_url: z.url(),
  database_url: z.string(),
  redis_url: z.url(),
  sandbox_url: z.url(),
  supabase_secret_key: z.string(),
  supabase_jwt_secret: z.string().nullable(),
});

/**
 * The stack that `npm start` has described.
 * @throws Error with a sentence for the user: none is running, or its tokens are signed elsewhere
 */
export async function readStackFile(file: string): Promise<LocalStack> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`There is no running stack (no ${file}). Start one with \`npm start\`, or give --url and --token.`);
  });
  const stack = stackFile.parse(JSON.parse(text));
  if (stack.supabase_jwt_secret === null) {
    throw new Error('The stack signs its sessions with a hosted project. Give --url and --token.');
  }
  return {
    apiUrl: stack.api_url,
    databaseUrl: stack.database_url,
    jwtSecret: stack.supabase_jwt_secret,
    secrets: secretsOf(stack),
  };
}

/** What of a stack no answer may tell. Supabase's own address may be told: files are fetched there. */
export function secretsOf(stack: Omit<z.infer<typeof stackFile>, 'api_url'>): string[] {
  const database = new URL(stack.database_url);
  const inner = [stack.redis_url, stack.sandbox_url, stack.metrics_url, stack.worker_metrics_url];
  return [
    database.host,
    ...(database.password === '' ? [] : [decodeURIComponent(database.password)]),
    ...inner.map((url) => new URL(url).host),
    stack.supabase_secret_key,
  ].filter((text) => text.length > 6);
}
