import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestSandbox, type TestSandbox, until } from './testing/test-sandbox.ts';

interface Arrival {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const schnell = '/replicate/v1/models/black-forest-labs/flux-schnell/predictions';
const arrivals: Arrival[] = [];
let sandbox: TestSandbox;
let receiver: Server;
let receiverUrl: string;

beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 30 });
  receiver = createServer(async (req, res) => {
    const path = req.url ?? '';
    arrivals.push({ path, headers: req.headers, body: await text(req) });
    const isFirst = arrivals.filter((arrival) => arrival.path === path).length === 1;
    res.writeHead(path === '/failing-once' && isFirst ? 500 : 200).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const address = receiver.address();
  receiverUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await sandbox.close();
});

const received = (path: string, count: number) =>
  until(
    async () => arrivals.filter((arrival) => arrival.path === path),
    (found) => found.length >= count,
  );

function isSigned({ headers, body }: Arrival, key: Buffer): boolean {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

test('Replicate sends the finished prediction, signed with the secret that it shows', async () => {
  const webhook = `${receiverUrl}/replicate`;
  const body = { input: { prompt: 'call me' }, webhook, webhook_events_filter: ['completed'] };
  const created = await sandbox.call(schnell, { body });
  const [arrival] = await received('/replicate', 1);
  const secret = (await sandbox.call('/replicate/v1/webhooks/default/secret')).json.key;
  expect(arrival && isSigned(arrival, Buffer.from(secret.replace('whsec_', ''), 'base64'))).toBe(true);
  const shown = await sandbox.call(`/replicate/v1/predictions/${created.json.id}`);
  expect(JSON.parse(arrival?.body ?? '')).toEqual(shown.json);
  expect(shown.json.status).toBe('succeeded');
});

test('Freepik sends each change of status without the data around it, signed with the secret as it is', async () => {
  const body = { prompt: 'call me [sandbox: latency=600]', webhook_url: `${receiverUrl}/freepik` };
  const { json } = await sandbox.call('/freepik/v1/ai/mystic', { body });
  const found = await received('/freepik', 2);
  expect(found.every((arrival) => isSigned(arrival, Buffer.from('freepik-sandbox-webhook-secret')))).toBe(true);
  expect(found.map((arrival) => JSON.parse(arrival.body))).toMatchObject([
    { task_id: json.data.task_id, status: 'IN_PROGRESS', generated: [] },
    { task_id: json.data.task_id, status: 'COMPLETED', generated: [expect.any(String)] },
  ]);
});

test('a cancellation is told, and told again with the same id when the receiver failed', async () => {
  const input = { prompt: 'cancel me [sandbox: fault=never_ends]' };
  const body = { input, webhook: `${receiverUrl}/failing-once`, webhook_events_filter: ['completed'] };
  const { json } = await sandbox.call(schnell, { body });
  await sandbox.call(`/replicate/v1/predictions/${json.id}/cancel`, { method: 'POST' });
  const found = await received('/failing-once', 2);
  for (const arrival of found) expect(JSON.parse(arrival.body).completed_at).toEqual(expect.any(String));
  expect(found[1]?.headers['webhook-id']).toBe(found[0]?.headers['webhook-id']);
});

/** Makes a task that calls back to `path` with that manner, and gives the key that signs. */
async function callBack(path: string, directives: string): Promise<Buffer> {
  const body = { prompt: `[sandbox: ${directives}]`, webhook_url: receiverUrl + path };
  expect((await sandbox.call('/freepik/v1/ai/text-to-image/flux-dev', { body })).status).toBe(200);
  return Buffer.from('freepik-sandbox-webhook-secret');
}

test('callback=duplicate sends the end twice, as one message', async () => {
  const key = await callBack('/duplicate', 'callback=duplicate, latency=0');
  const found = await received('/duplicate', 2);
  expect(found.map((arrival) => isSigned(arrival, key))).toEqual([true, true]);
  expect(found[1]?.headers['webhook-id']).toBe(found[0]?.headers['webhook-id']);
  expect(found[1]?.body).toBe(found[0]?.body);
});

test('callback=forged sends a wrong signature first, then the right one', async () => {
  const key = await callBack('/forged', 'callback=forged, latency=0');
  const found = await received('/forged', 2);
  expect(found.map((arrival) => isSigned(arrival, key))).toEqual([false, true]);
});

test('callback=late sends the end three seconds after it, callback=none never', async () => {
  await callBack('/none', 'callback=none, latency=0');
  const startedAtMs = Date.now();
  await callBack('/late', 'callback=late, latency=0');
  await received('/late', 1);
  expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(3_000);
  // Whatever was sent at its time would have arrived long before.
  expect(arrivals.filter(({ path }) => path === '/none')).toEqual([]);
});

describe('fal', () => {
  const schnell = '/fal/fal-ai/flux/schnell';
  async function falCallback(path: string, prompt: string) {
    const url = `${schnell}?fal_webhook=${encodeURIComponent(receiverUrl + path)}`;
    const { text } = await sandbox.call(url, { headers: { authorization: 'Key k' }, body: { prompt } });
    const { request_id: id, response_url: resultUrl }: Record<string, string> = JSON.parse(text);
    return { id, resultUrl: String(resultUrl) };
  }

  /** As the provider documents it: Ed25519 over the request, the user, the time and a digest of the body. */
  async function isSignedByFal({ headers, body }: Arrival): Promise<boolean> {
    const names = ['request-id', 'user-id', 'timestamp'].map((name) => headers[`x-fal-webhook-${name}`]);
    const signed = [...names, createHash('sha256').update(body).digest('hex')].join('\n');
    const { text } = await sandbox.call('/fal/.well-known/jwks.json', { key: null });
    const { keys }: { keys: Record<string, string>[] } = JSON.parse(text);
    const signature = Buffer.from(String(headers['x-fal-webhook-signature']), 'hex');
    return keys.some((key) => verify(null, Buffer.from(signed), createPublicKey({ key, format: 'jwk' }), signature));
  }

  test('the result comes with the ids around it, signed with the published key', async () => {
    const { id, resultUrl } = await falCallback('/fal', 'call me');
    const [arrival] = await received('/fal', 1);
    expect(arrival && (await isSignedByFal(arrival))).toBe(true);
    expect(arrival?.headers['x-fal-webhook-request-id']).toBe(id);
    const result = await sandbox.call(resultUrl.replace(sandbox.url, ''), { headers: { authorization: 'Key k' } });
    expect(JSON.parse(arrival?.body ?? '')).toEqual({
      request_id: id,
      gateway_request_id: id,
      status: 'OK',
      payload: result.json,
    });
  });

  test('a failure comes as ERROR, a forged one before the true one', async () => {
    await falCallback('/fal-failed', 'call me [sandbox: fault=refused, callback=forged]');
    const [forged, real] = await received('/fal-failed', 2);
    expect([forged && (await isSignedByFal(forged)), real && (await isSignedByFal(real))]).toEqual([false, true]);
    expect(JSON.parse(real?.body ?? '')).toMatchObject({
      status: 'ERROR',
      error: 'Invalid status code: 422',
      payload: { detail: [{ type: 'content_policy_violation' }] },
    });
  });
});
