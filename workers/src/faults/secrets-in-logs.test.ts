import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { makeApiKey } from '@base/shared/crypto/api-key';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { sandboxProviderNames, sandboxVariables } from '@base/shared/testing/sandbox-variables';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import type { FleetProcess } from '../testing/fleet-process.ts';
import { createSecretCollector } from '../testing/secret-collector.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';

const secrets = createSecretCollector();
const { keep } = secrets;
/** Without a form that the scrubber of the logs knows: what is not found was not written, rather than scrubbed. */
const plain = (name: string) => keep(name, `plain${randomBytes(12).toString('hex')}`);
const webhookKey = randomBytes(24);

let fleet: Fleet;
let api: FleetProcess;
beforeAll(async () => {
  const stack = inject('stack');
  keep('the database password', decodeURIComponent(new URL(stack.database_url).password));
  keep('SUPABASE_SECRET_KEY', stack.supabase_secret_key);
  keep('SUPABASE_JWT_SECRET', stack.supabase_jwt_secret);
  const masterKey = keep('MASTER_KEYS', randomBytes(32).toString('base64'));
  const webhookSecret = keep('REPLICATE_WEBHOOK_SECRET', webhookKey.toString('base64'));
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    variables: {
      LOG_LEVEL: 'trace',
      ...sandboxVariables(stack.sandbox_url, (name) => plain(`the platform’s key for ${name}`), sandboxProviderNames),
      URL_SIGNING_SECRET: plain('URL_SIGNING_SECRET').repeat(2),
      MASTER_KEYS: `first:${masterKey}`,
      REPLICATE_WEBHOOK_SECRET: `whsec_${webhookSecret}`,
    },
  });
  const [first] = fleet.apis;
  if (!first) throw new Error('the fleet has no API node');
  api = first;
}, 120_000);
afterAll(() => fleet?.close());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

interface Call {
  token?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

let calls = 0;
/** From an address of its own: signing in is limited by address. */
async function call(method: string, path: string, { token, headers, body }: Call = {}, node = api): Promise<Answer> {
  calls += 1;
  const response = await fetch(`${node.url}/api/v1${path}`, {
    method,
    redirect: 'manual',
    headers: {
      'x-forwarded-for': `10.8.${calls >> 8}.${calls & 255}`,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
}

interface Account {
  email: string;
  password: string;
  token: string;
  organizationId: string;
}

function keepSession(of: string, { body }: Answer): string {
  keep(`${of} (refresh token)`, body.refresh_token);
  return keep(`${of} (access token)`, body.access_token);
}

async function register(who: string): Promise<Account> {
  const [email, password] = [`${randomUUID()}@people.test`, plain(`the password of ${who}`)];
  const made = await call('POST', '/auth/register', { body: { email, password, full_name: 'Ana' } });
  expect(made.status).toBe(201);
  const token = keepSession(`the first session of ${who}`, made);
  const { body } = await call('GET', '/organization', { token });
  return { email, password, token, organizationId: String(body.id) };
}

async function signInAndOut({ email, password }: Account): Promise<void> {
  const wrong = plain('a wrong password');
  expect((await call('POST', '/auth/login', { body: { email, password: wrong } })).status).toBe(401);
  // JSON that breaks off: parsers like to quote what they could not read.
  const broken = `{"email":"${email}","password":"${password}"`;
  expect((await call('POST', '/auth/login', { body: broken })).status).toBe(400);
  const misplaced = { email, password, [plain('a password as a field name')]: 1 };
  expect((await call('POST', '/auth/login', { body: misplaced })).status).toBe(422);
  const login = await call('POST', '/auth/login', { body: { email, password } });
  keepSession('a login', login);
  const refreshed = await call('POST', '/auth/refresh', { body: { refresh_token: login.body.refresh_token } });
  const token = keepSession('a refreshed session', refreshed);
  expect((await call('POST', '/auth/logout', { token })).status).toBe(204);
  const used = await call('POST', '/auth/refresh', { body: { refresh_token: plain('a made-up refresh token') } });
  expect(used.status).toBe(401);
}

async function useKeys({ token }: Account): Promise<void> {
  const made = await until('the plan allows keys', async () => {
    const answer = await call('POST', '/api-keys', { token, body: { name: 'one', scopes: ['admin'] } });
    return answer.status === 201 && answer;
  });
  const key = keep('an API key', made.body.key);
  expect((await call('GET', '/me', { token: key })).status).toBe(200);
  expect((await call('GET', '/me', { headers: { 'x-api-key': key } })).status).toBe(200);
  expect((await call('GET', `/me?api_key=${key}`)).status).toBe(401);
  const rotated = await call('POST', `/api-keys/${made.body.id}/rotate`, { token, body: {} });
  const next = keep('a rotated API key', rotated.body.key);
  expect((await call('GET', '/me', { token: next })).status).toBe(200);
}

/** A job on the organization's own key, and its file by the signed link. */
async function useOwnKey({ token }: Account): Promise<string> {
  const key = plain('the organization’s own key');
  expect((await call('PUT', '/provider-keys/replicate', { token, body: { key } })).status).toBe(200);
  const refused = keep('a key that the provider refuses', `invalid-${randomBytes(12).toString('hex')}`);
  expect((await call('PUT', '/provider-keys/openai', { token, body: { key: refused } })).status).toBe(200);
  const order = async (model: string, sandbox: string) => {
    const prompt = `a kite [sandbox: picture=tiny, latency=50${sandbox}]`;
    const ordered = await call('POST', '/jobs', { token, body: { model, input: { prompt } } });
    expect(ordered.status).toBe(202);
    return ordered;
  };
  const orders = [
    await order('replicate/flux-schnell', ''),
    await order('freepik/mystic', ', fault=401'),
    await order('freepik/mystic', ', fault=html, times=1'),
    await order('replicate/flux-schnell', ', fault=reset, times=1'),
    await order('replicate/flux-schnell', ', fault=expired_output'),
  ];
  const isOver = async ({ body }: Answer) => {
    const job = await call('GET', `/jobs/${body.id}`, { token });
    return ['completed', 'failed'].includes(String(job.body.status)) && job;
  };
  const [done] = await Promise.all(orders.map((ordered) => until('the job ends', () => isOver(ordered))));
  expect(done?.body.status).toBe('completed');
  const [output] = (done?.body.output ?? []) as { url: string }[]; // the job's declared shape
  const { pathname, search, searchParams } = new URL(output?.url ?? '');
  keep('the signature of a link', searchParams.get('signature'));
  const file = await call('GET', `${pathname.replace('/api/v1', '')}${search}`);
  expect(file.status).toBe(302);
  keep('the storage’s link', new URL(String(file.headers.get('location'))).searchParams.get('token'));
  const lost = createSecretBox([`lost:${randomBytes(32).toString('base64')}`]).seal(key, 'elsewhere');
  await fleet.pool.query(`update provider_api_keys set ciphertext = $1 where provider = 'replicate'`, [lost]);
  const undecryptable = await order('replicate/flux-schnell', '');
  await until('the job without a key ends', () => isOver(undecryptable));
  return String(orders[0]?.body.id);
}

async function invite({ token }: Account): Promise<void> {
  const guest = await register('the guest');
  const made = await call('POST', '/organization/invitations', { token, body: { email: guest.email, role: 'viewer' } });
  const invitation = keep('an invitation', String(made.body.accept_url).split('#token=')[1]);
  const wrong = { token: plain('a made-up invitation') };
  expect((await call('POST', '/invitations/accept', { token: guest.token, body: wrong })).status).toBe(404);
  const accepted = await call('POST', '/invitations/accept', { token: guest.token, body: { token: invitation } });
  expect(accepted.status).toBe(200);
}

async function callBack(): Promise<void> {
  const body = JSON.stringify({ id: `task-${randomUUID()}`, status: 'succeeded' });
  const timestamp = String(Math.floor(Date.now() / 1000));
  for (const [key, status] of [[webhookKey, 404] as const, [randomBytes(24), 401] as const]) {
    const id = randomUUID();
    const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const signature = keep('the signature of a callback', digest);
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    expect((await call('POST', '/callbacks/replicate', { headers, body })).status).toBe(status);
  }
}

async function followEvents({ token }: Account, jobId: string): Promise<void> {
  const made = await call('POST', '/event-tokens', { token, body: { job_id: jobId } });
  const eventToken = keep('an event token', made.body.token);
  expect(made.body.path).toBe(`/api/v1/jobs/${jobId}/events`);
  expect((await call('GET', `/jobs/${jobId}/events?token=${eventToken}`)).status).toBe(200);
  expect((await call('GET', `/jobs/${randomUUID()}/events?token=${eventToken}`)).status).toBe(401);
  expect((await call('GET', `/nowhere?token=${eventToken}`)).status).toBe(404);
}

async function comeWithBadTokens(): Promise<void> {
  const forged = `${randomBytes(24).toString('base64url')}.${randomBytes(24).toString('base64url')}.${randomBytes(24).toString('base64url')}`;
  for (const token of [
    plain('a made-up token'),
    keep('a forged session', forged),
    keep('an unknown key', makeApiKey()),
  ]) {
    expect((await call('GET', '/me', { token })).status).toBe(401);
    expect((await call('GET', '/me', { headers: { 'x-api-key': token } })).status).toBe(401);
    expect((await call('GET', `/me?access_token=${token}`)).status).toBe(401);
  }
}

/** Faults of ours while secrets are under way: Postgres quotes the row that it refuses, parsers and clients what they sent. */
async function breakThings({ token, email, password }: Account): Promise<void> {
  const tables = ['api_keys', 'provider_api_keys', 'invitations', 'users'];
  for (const table of tables)
    await fleet.pool.query(`alter table ${table} add constraint never check (false) not valid`);
  const key = plain('an own key that could not be stored');
  expect((await call('PUT', '/provider-keys/fal', { token, body: { key } })).status).toBe(500);
  expect((await call('POST', '/api-keys', { token, body: { name: 'two' } })).status).toBe(500);
  const invitation = { email: `${randomUUID()}@people.test` };
  expect((await call('POST', '/organization/invitations', { token, body: invitation })).status).toBe(500);
  expect((await call('POST', '/auth/login', { body: { email, password } })).status).toBe(500);
  for (const table of tables) await fleet.pool.query(`alter table ${table} drop constraint never`);

  await fleet.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'base-%'`,
  );
  await until('the API is back', async () => (await call('GET', '/me', { token })).status === 200);
  const lonely = await fleet.startApi({ SUPABASE_URL: 'http://127.0.0.1:9' });
  const body = { email, password };
  expect((await call('POST', '/auth/login', { body }, lonely)).status).toBe(503);
}

describe('the logs of an API node and a worker at level trace', () => {
  it('contain none of the secrets that a customer, a provider or we ourselves use', async () => {
    const owner = await register('the owner');
    await fleet.pool.query(`update organizations set plan_id = 'enterprise' where id = $1`, [owner.organizationId]);
    await signInAndOut(owner);
    await useKeys(owner);
    const jobId = await useOwnKey(owner);
    await invite(owner);
    await callBack();
    await followEvents(owner, jobId);
    await comeWithBadTokens();
    await breakThings(owner);

    const processes = [...fleet.apis, ...fleet.workers];
    const lines = () => processes.flatMap((process) => process.logged().split('\n').filter(Boolean));
    const count = (word: string) => lines().filter((line) => line.includes(word)).length;
    // The run is in the logs: what was asked, what went wrong, and what the worker did.
    await until('every request is logged', () => count('"message":"request"') >= calls);
    expect(count('"message":"request failed"')).toBeGreaterThanOrEqual(4);
    expect(count('\\"never\\"')).toBeGreaterThan(0);
    expect(count('Failing row')).toBe(0);
    expect(count('cannot be decrypted')).toBeGreaterThan(0);
    expect(fleet.workers.every((worker) => worker.logged().includes(jobId))).toBe(true);
    expect(secrets.names().length).toBeGreaterThan(30);

    const leaks = lines().flatMap((line) => secrets.findIn(line).map((what) => `${what} in: ${line.slice(0, 300)}`));
    expect(leaks).toEqual([]);
  });

  it('would be found out: a secret is seen as it is, in a URL and in Base64', () => {
    const secret = keep('a probe', `probe/+${randomUUID()}`);
    const forms = [`key ${secret}!`, `?k=${encodeURIComponent(secret)}&`, Buffer.from(secret).toString('base64url')];
    for (const text of forms) expect(secrets.findIn(text)).toEqual(['a probe']);
    expect(secrets.findIn('nothing of the kind')).toEqual([]);
  });
});
