import { createHmac, generateKeyPairSync, hash, randomUUID, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { releaseJobs } from '@base/shared/db/queries/job-lifecycle';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endOf, orderJob, readJob } from '../../testing/jobs.ts';
import { type LiveJob, makeLiveJob } from '../../testing/make-live-job.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

const replicateKey = Buffer.from('a secret of this test');
const freepikSecret = 'another secret of this test';
const fal = generateKeyPairSync('ed25519');

let api: TestApi;
let keys: Server;
let tenant: TestTenant;
beforeAll(async () => {
  keys = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [fal.publicKey.export({ format: 'jwk' })] }));
  });
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const { port } = keys.address() as AddressInfo; // a listening TCP server has an address object
  api = await startApi({
    // Queues of its own: no worker looks into them, so that what was put there stays to be seen.
    QUEUE_PREFIX: `{callbacks-${randomUUID()}}`,
    REPLICATE_WEBHOOK_SECRET: `whsec_${replicateKey.toString('base64')}`,
    FREEPIK_WEBHOOK_SECRET: freepikSecret,
    FAL_JWKS_URL: `http://127.0.0.1:${port}/jwks.json`,
  });
  tenant = await makeTenant(api, { plan: 'enterprise' });
});
afterAll(async () => {
  await api.close();
  keys.close();
});

interface Message {
  id?: string;
  timestamp?: number;
  body?: string;
}

const secondsNow = () => Math.floor(Date.now() / 1000);

function standardHeaders(key: Buffer, { id, timestamp, body }: Required<Message>): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}

function falHeaders({ id, timestamp, body }: Required<Message>): Record<string, string> {
  const text = [id, 'user', timestamp, hash('sha256', body, 'hex')].join('\n');
  return {
    'x-fal-webhook-request-id': id,
    'x-fal-webhook-user-id': 'user',
    'x-fal-webhook-timestamp': String(timestamp),
    'x-fal-webhook-signature': sign(null, Buffer.from(text), fal.privateKey).toString('hex'),
  };
}

/** How each provider names a task and signs. */
const providers = {
  replicate: { field: 'id', headersOf: (message: Required<Message>) => standardHeaders(replicateKey, message) },
  freepik: {
    field: 'task_id',
    headersOf: (message: Required<Message>) => standardHeaders(Buffer.from(freepikSecret), message),
  },
  fal: { field: 'request_id', headersOf: falHeaders },
} as const;
type Provider = keyof typeof providers;
const names = Object.keys(providers) as Provider[]; // the keys of the table above

function callBack(
  provider: Provider,
  taskId: string,
  message: Message & { headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { id = `msg_${randomUUID()}`, timestamp = secondsNow(), headers = {} } = message;
  const body = message.body ?? JSON.stringify({ [providers[provider].field]: taskId, status: 'succeeded' });
  const signed = providers[provider].headersOf({ id, timestamp, body });
  return api.call('POST', `/api/v1/callbacks/${provider}`, { body, headers: { ...signed, ...headers } });
}

/** What the queue says about the job under its present lease. */
async function queuedMessage({ id, leaseToken }: LiveJob): Promise<unknown> {
  const prefix = api.deps.config.QUEUE_PREFIX;
  const data = await api.deps.redis.hget(`${prefix}:image-generation:${id}-${leaseToken}`, 'data');
  return data === null ? null : JSON.parse(data);
}

describe.each(names)('%s', (provider) => {
  it('has a worker look at a parked job at once', async () => {
    const job = await makeLiveJob(api, tenant, { provider });
    expect(await queuedMessage(job)).toBeNull();
    const answer = await callBack(provider, job.taskId);
    expect(answer.status, answer.text).toBe(200);
    expect(await queuedMessage(job)).toEqual({ id: job.id, lease: job.leaseToken });
    // Nothing is believed: the job is as it was until a worker has asked the provider.
    expect((await readJob(api, tenant, job.id)).status).toBe('processing');
  });

  it('refuses what is not signed by the provider, or not now', async () => {
    const job = await makeLiveJob(api, tenant, { provider });
    const prefix = provider === 'fal' ? 'x-fal-webhook-' : 'webhook-';
    const refused = [
      await callBack(provider, job.taskId, { timestamp: secondsNow() - 330 }),
      await callBack(provider, job.taskId, { timestamp: secondsNow() + 330 }),
      await callBack(provider, job.taskId, { headers: { [`${prefix}timestamp`]: 'today' } }),
      await callBack(provider, job.taskId, { headers: { [`${prefix}signature`]: 'v1,AAAA' } }),
      await callBack(provider, job.taskId, { headers: { [`${prefix}timestamp`]: String(secondsNow() - 1) } }),
      await api.call('POST', `/api/v1/callbacks/${provider}`, { body: { [providers[provider].field]: job.taskId } }),
    ];
    for (const answer of refused) {
      expect(answer.status, answer.text).toBe(401);
      expect(answer.body).toMatchObject({ code: 'invalid_signature' });
    }
    expect(await queuedMessage(job)).toBeNull();
  });

  it('is served without a task of that name by 404, so that the provider comes again', async () => {
    const answer = await callBack(provider, `task-${randomUUID()}`);
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

it('is where the workers tell providers to call', async () => {
  const { id } = await orderJob(api, tenant, { model: 'fal/flux-schnell' });
  await endOf(api, tenant, id);
  const { rows } = await api.deps.pool.query('select provider_task_id from provider_attempts where job_id = $1', [id]);
  // fal's messages have the id of their task; the key is written by the stack's own node, and only for right signatures.
  const key = `{base}:callback:fal:${rows[0].provider_task_id}`;
  await until('the callback has been taken', async () => (await api.deps.redis.exists(key)) === 1);
});

it('does nothing for a message that has come before', async () => {
  const job = await makeLiveJob(api, tenant);
  const id = `msg_${randomUUID()}`;
  expect((await callBack('replicate', job.taskId, { id })).status).toBe(200);
  await api.deps.redis.del(`${api.deps.config.QUEUE_PREFIX}:image-generation:${job.id}-${job.leaseToken}`);
  expect((await callBack('replicate', job.taskId, { id })).status).toBe(200);
  expect(await queuedMessage(job)).toBeNull();
});

it('asks to come again while a worker is at the job, and then takes the same message', async () => {
  const job = await makeLiveJob(api, tenant, { isParked: false });
  const id = `msg_${randomUUID()}`;
  const early = await callBack('replicate', job.taskId, { id });
  expect([early.status, early.body.code]).toEqual([503, 'service_unavailable']);
  expect(early.headers.get('retry-after')).toBe('1');
  await api.deps.pool.query('update ai_jobs set resume_at = clock_timestamp() where id = $1', [job.id]);
  expect((await callBack('replicate', job.taskId, { id })).status).toBe(200);
  expect(await queuedMessage(job)).toEqual({ id: job.id, lease: job.leaseToken });
});

it('has nothing to do when the job is over', async () => {
  const job = await makeLiveJob(api, tenant);
  await releaseJobs(api.deps.pool, [{ id: job.id, leaseToken: null, status: 'canceled' }]);
  expect((await callBack('replicate', job.taskId)).status).toBe(200);
  expect(await queuedMessage(job)).toBeNull();
});

it('takes a task of one provider from that provider only', async () => {
  const job = await makeLiveJob(api, tenant, { provider: 'freepik' });
  expect((await callBack('replicate', job.taskId)).status).toBe(404);
});

it.each([
  ['no JSON', 'task', 400, 'malformed_json'],
  ['no object', '["a"]', 422, 'invalid_request'],
  ['no id', '{"status":"succeeded"}', 422, 'invalid_request'],
  ['an id that is no text', '{"id":7}', 422, 'invalid_request'],
  ['an id that Postgres cannot store', '{"id":"a\\u0000b"}', 422, 'invalid_request'],
  ['nothing', '', 400, 'malformed_json'],
])('refuses a signed body with %s', async (_, body, status, code) => {
  const answer = await callBack('replicate', '', { body });
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

it('takes bodies beyond the limit of other endpoints, up to 16 MB', async () => {
  const job = await makeLiveJob(api, tenant);
  const large = JSON.stringify({ id: job.taskId, output: 'x'.repeat(3_000_000) });
  expect((await callBack('replicate', job.taskId, { body: large })).status).toBe(200);
  const huge = await announce(17 * 1024 * 1024);
  expect(huge).toContain('413');
  expect(huge).toContain('payload_too_large');
  const packed = await callBack('replicate', job.taskId, { headers: { 'content-encoding': 'gzip' } });
  expect([packed.status, packed.body.code]).toEqual([415, 'unsupported_media_type']);
});

/** The answer to headers that announce a body of so many bytes. */
async function announce(bytes: number): Promise<string> {
  const { port } = new URL(api.url);
  const socket = connect(Number(port), '127.0.0.1');
  const headers = standardHeaders(replicateKey, { id: 'msg_huge', timestamp: secondsNow(), body: '' });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(
    `POST /api/v1/callbacks/replicate HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n${lines.join('')}\r\n{`,
  );
  await until('there is an answer', () => text.includes('payload_too_large'), { explain: async () => text });
  socket.destroy();
  return text;
}

it('is not there for other providers, nor without a secret', async () => {
  for (const provider of ['openai', 'elevenlabs', '__proto__', 'x'.repeat(60)]) {
    const answer = await api.call('POST', `/api/v1/callbacks/${provider}`, { body: {} });
    expect([answer.status, answer.body.code], provider).toEqual([404, 'not_found']);
  }
  const bare = await startApi();
  try {
    for (const provider of ['replicate', 'freepik']) {
      expect((await bare.call('POST', `/api/v1/callbacks/${provider}`, { body: {} })).status).toBe(404);
    }
  } finally {
    await bare.close();
  }
});

it('works without Redis, as a hint that is lost', async () => {
  const job = await makeLiveJob(api, tenant);
  const deaf = await startApi({
    REDIS_URL: 'redis://127.0.0.1:9',
    REPLICATE_WEBHOOK_SECRET: `whsec_${replicateKey.toString('base64')}`,
  });
  try {
    const body = JSON.stringify({ id: job.taskId });
    const headers = standardHeaders(replicateKey, { id: 'msg_1', timestamp: secondsNow(), body });
    const answer = await deaf.call('POST', '/api/v1/callbacks/replicate', { body, headers });
    expect(answer.status, answer.text).toBe(200);
  } finally {
    await deaf.close();
  }
});

it('logs neither bodies nor signatures', async () => {
  const job = await makeLiveJob(api, tenant);
  const body = JSON.stringify({ id: job.taskId, input: { prompt: 'nobody else’s business' } });
  await callBack('replicate', job.taskId, { body });
  await callBack('replicate', job.taskId, { body, headers: { 'webhook-signature': 'v1,c2VjcmV0' } });
  await until('both requests are logged', () => api.logged().split('"route":"/callbacks/:provider"').length > 2);
  expect(api.logged()).not.toMatch(/business|c2VjcmV0|v1,/);
});
