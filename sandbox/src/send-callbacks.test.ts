import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('a cancellation is told, and told again when the receiver failed', async () => {
  const input = { prompt: 'cancel me [sandbox: fault=never_ends]' };
  const body = { input, webhook: `${receiverUrl}/failing-once`, webhook_events_filter: ['completed'] };
  const { json } = await sandbox.call(schnell, { body });
  await sandbox.call(`/replicate/v1/predictions/${json.id}/cancel`, { method: 'POST' });
  const found = await received('/failing-once', 2);
  for (const arrival of found) expect(JSON.parse(arrival.body).completed_at).toEqual(expect.any(String));
});
