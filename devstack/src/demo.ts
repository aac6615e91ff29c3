import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createdApiKey, me, organization, session } from '@base/shared/contracts/accounts';
import { credits } from '@base/shared/contracts/credits';
import postgres from 'postgres';
import { ApiCallError, createApiClient } from './api-client.ts';
import type { DemoAccount } from './stack-file.ts';
import { waitUntil } from './wait-until.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

export interface DemoOptions {
  apiUrl: string;
  databaseUrl: string;
  dataDir: string;
  password: string;
  seedFile: string;
}

/** The e-mail address that `supabase/seed.sql` looks for. */
const email = 'demo@example.com';

/**
 * Makes sure that there is a demo account with credits and a working API key, whatever is there already: signs up or
 * logs in through the public API, runs the seed (which may be run any number of times), keeps the key in `demo.json`.
 */
export async function ensureDemo(options: DemoOptions): Promise<DemoAccount> {
  const token = await signIn(options);
  const api = createApiClient(options.apiUrl, token);
  const account = await api.get('/me', me);
  await runSeed(options);
  // The seed changed the plan behind the API's back; a node notices within seconds.
  await waitUntil(async () => (await api.get('/organization', organization)).features.includes('api_access'), {
    what: 'The API did not notice the demo plan',
    timeoutMs: 20_000,
    intervalMs: 200,
  });
  const apiKey = (await keptKey(options)) ?? (await newKey(options, token));
  const demo: DemoAccount = {
    email,
    password: options.password,
    api_key: apiKey,
    organization_id: account.organization.id,
  };
  await writeFileAtomically(demoFile(options), `${JSON.stringify(demo, null, 2)}\n`);
  return demo;
}

const demoFile = ({ dataDir }: DemoOptions) => path.join(dataDir, 'demo.json');

async function signIn({ apiUrl, password }: DemoOptions): Promise<string> {
  const api = createApiClient(apiUrl);
  try {
    const account = { email, password, full_name: 'Demo' };
    return (await api.post('/auth/register', account, session)).access_token;
  } catch (error) {
    if (!(error instanceof ApiCallError) || error.code !== 'email_taken') throw error;
    return (await api.post('/auth/login', { email, password }, session)).access_token;
  }
}

async function runSeed({ databaseUrl, seedFile }: DemoOptions): Promise<void> {
  if (!existsSync(seedFile)) return;
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(await readFile(seedFile, 'utf8')).simple();
  } finally {
    await sql.end();
  }
}

/** The key of an earlier start, if it still opens this database's API. */
async function keptKey(options: DemoOptions): Promise<string | undefined> {
  const { api_key: key }: Partial<DemoAccount> = JSON.parse(
    await readFile(demoFile(options), 'utf8').catch(() => '{}'),
  );
  if (key === undefined) return undefined;
  try {
    await createApiClient(options.apiUrl, key).get('/credits', credits);
    return key;
  } catch (error) {
    if (error instanceof ApiCallError && (error.status === 401 || error.status === 403)) return undefined;
    throw error;
  }
}

async function newKey({ apiUrl }: DemoOptions, token: string): Promise<string> {
  const wanted = { name: 'Demo', scopes: ['read', 'write'] };
  const { key } = await createApiClient(apiUrl, token).post('/api-keys', wanted, createdApiKey);
  if (key === null) throw new Error('The API made a key and did not show it.');
  return key;
}
