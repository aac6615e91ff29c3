import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../testing/test-sandbox.ts';
import { startStripe, type TestStripe, typesOf, webhookSecret } from './testing/start-stripe.ts';

let stripe: TestStripe;
const closers: (() => void)[] = [];
beforeEach(async () => {
  stripe = await startStripe();
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await stripe.close();
});

async function listen(answer: (req: IncomingMessage, res: ServerResponse, body: string) => void): Promise<string> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    answer(req, res, Buffer.concat(chunks).toString());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/webhooks`;
}

test('an event has the version, the request that caused it, and what the changed fields were', async () => {
  const customer = await stripe.sdk.customers.create({ name: 'Before', metadata: { a: '1' } });
  await stripe.sdk.customers.update(
    customer.id,
    { name: 'After', metadata: { b: '2' } },
    { idempotencyKey: 'update:one' },
  );
  const [created, updated] = await stripe.takeEvents(customer.id);
  expect(created).toMatchObject({
    object: 'event',
    type: 'customer.created',
    api_version: '2026-10-28.endive',
    livemode: false,
    data: { object: { id: customer.id, name: 'Before' } },
  });
  expect(created?.data).not.toHaveProperty('previous_attributes');
  expect(updated).toMatchObject({
    type: 'customer.updated',
    data: { object: { name: 'After' }, previous_attributes: { name: 'Before', metadata: { b: null } } },
    request: { idempotency_key: 'update:one' },
  });
});

test('held events are given once, in order, and signed for the moment that is asked for', async () => {
  const { sdk } = stripe;
  await sdk.customers.create({ name: 'One' });
  await sdk.customers.create({ name: 'Two' });
  const longAgo = new Date((await stripe.now()).getTime() - 3_600_000);
  const answer = await stripe.sandbox.call(`/_sandbox/stripe/outbox?at=${longAgo.toISOString()}`);
  const taken: { event_id: string; body: string; headers: Record<string, string> }[] = JSON.parse(answer.text);
  expect(taken.map(({ body }) => JSON.parse(body).data.object.name)).toEqual(['One', 'Two']);
  const [first] = taken;
  const signature = first?.headers['stripe-signature'] ?? '';
  const body = first?.body ?? '';
  expect(() => sdk.webhooks.constructEvent(body, signature, webhookSecret)).toThrow('outside the tolerance zone');
  const at = longAgo.getTime();
  const event = sdk.webhooks.constructEvent(body, signature, webhookSecret, 300, undefined, at);
  expect(event.id).toBe(first?.event_id);
  expect(() => sdk.webhooks.constructEvent(`${body} `, signature, webhookSecret, 300, undefined, at)).toThrow(
    'No signatures found',
  );
  expect(await stripe.takeEvents()).toEqual([]);
});

test('pushed events come signed and in order, and again when the receiver fails', async () => {
  const received: Stripe.Event[] = [];
  let failuresLeft = 1;
  const url = await listen((req, res, body) => {
    if (failuresLeft > 0) {
      failuresLeft -= 1;
      res.writeHead(500).end();
      return;
    }
    received.push(stripe.sdk.webhooks.constructEvent(body, String(req.headers['stripe-signature']), webhookSecret));
    res.end();
  });
  await stripe.act('PUT', '/webhook', { url, mode: 'push' });
  const one = await stripe.sdk.customers.create();
  const two = await stripe.sdk.customers.create();
  await until(
    async () => received.length,
    (count) => count === 2,
  );
  expect(received.map(({ data }) => ('id' in data.object ? data.object.id : null))).toEqual([one.id, two.id]);
  expect(await stripe.takeEvents()).toEqual([]);
});

test('what the endpoint never took is found by delivery_success=false', async () => {
  await stripe.sdk.customers.create();
  await stripe.takeEvents();
  const lost = await stripe.sdk.customers.create();
  const { data } = await stripe.sdk.events.list({ delivery_success: false });
  expect(data).toMatchObject([{ type: 'customer.created', data: { object: { id: lost.id } }, pending_webhooks: 1 }]);
  expect((await stripe.sdk.events.list({ delivery_success: true })).data).toHaveLength(1);
});

test('the endpoint may be of another version, and its events say so', async () => {
  await stripe.act('PUT', '/webhook', { api_version: '2024-06-20' });
  await stripe.sdk.customers.create();
  expect(await stripe.takeEvents()).toMatchObject([{ api_version: '2024-06-20' }]);
});

test('events are listed by type and time, and forgotten after 30 days', async () => {
  const customer = await stripe.sdk.customers.create();
  const product = await stripe.sdk.products.create({ name: 'One' });
  const both = await stripe.sdk.events.list({ types: ['customer.created', 'product.created'] });
  expect(typesOf(both.data)).toEqual(['product.created', 'customer.created']);
  expect(typesOf((await stripe.sdk.events.list({ type: 'customer.*' })).data)).toEqual(['customer.created']);
  const later = { created: { gt: Math.max(customer.created, product.created) } };
  expect((await stripe.sdk.events.list(later)).data).toEqual([]);
  const [event] = both.data;
  expect(await stripe.sdk.events.retrieve(String(event?.id))).toMatchObject({ id: event?.id });
  await stripe.advance({ days: 31 });
  expect((await stripe.sdk.events.list()).data).toEqual([]);
});
