import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { until } from '../../testing/test-sandbox.ts';
import { type AsaasDesk, openDesk } from './testing/asaas-desk.ts';

let desk: AsaasDesk;
beforeEach(async () => {
  desk = await openDesk();
  return () => desk.close();
});

/** A receiver that answers as told, and keeps what arrived. */
async function receive(answer: (event: string) => number) {
  const arrived: { event: string; id: string; token: string | undefined }[] = [];
  const server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk) => {
      text += String(chunk);
    });
    req.on('end', () => {
      const { event, id } = JSON.parse(text);
      arrived.push({ event, id, token: req.headers['asaas-access-token']?.toString() });
      res.writeHead(answer(event)).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    arrived,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, // It listens on a port.
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const webhook = async () => (await desk.api('GET', '/webhooks')).json.data[0];

test('held events wait to be taken, as they would be posted, oldest first and once', async () => {
  await desk.set('/webhook', { mode: 'hold', token: 'secret-token' });
  const one = await desk.payment({ externalReference: 'one' });
  await desk.payment({ externalReference: 'two' });
  const [event, ...others] = await desk.take('"one"');
  expect(others).toEqual([]);
  expect(event?.headers['asaas-access-token']).toBe('secret-token');
  expect(event?.event_id).toBe(event?.event.id);
  expect(event?.event.payment?.id).toBe(one.id);
  expect(await desk.names()).toEqual(['PAYMENT_CREATED']);
  expect(await desk.names()).toEqual([]);
});

test('pushed events arrive in order, with the token', async () => {
  const receiver = await receive(() => 200);
  await desk.set('/webhook', { mode: 'push', url: receiver.url, token: 'secret-token' });
  const { id } = await desk.payment();
  await desk.act(`/payments/${id}/pay`);
  await until(
    async () => receiver.arrived,
    (arrived) => arrived.length === 2,
  );
  expect(receiver.arrived).toMatchObject([
    { event: 'PAYMENT_CREATED', token: 'secret-token' },
    { event: 'PAYMENT_RECEIVED', token: 'secret-token' },
  ]);
  receiver.close();
});

test('after fifteen failures in a row nothing is sent until somebody resumes, and then everything', async () => {
  let status = 201;
  const receiver = await receive(() => status);
  await desk.set('/webhook', { mode: 'push', url: receiver.url });
  await desk.payment();
  await desk.payment();
  let nowMs = Date.parse('2030-03-04T15:00:00Z');
  for (let count = 1; count <= 15; count += 1) {
    await until(
      async () => receiver.arrived,
      (arrived) => arrived.length === count,
    );
    // The failure is counted a moment after it was answered.
    await until(webhook, (shown) => shown?.penalizedRequestsCount === count);
    nowMs += 4 * 3_600_000;
    await desk.advance(new Date(nowMs).toISOString());
  }
  expect(await webhook()).toMatchObject({ interrupted: true, url: receiver.url });
  expect(new Set(receiver.arrived.map(({ id }) => id)).size).toBe(1);
  status = 200;
  await desk.advance(new Date(nowMs + 86_400_000).toISOString());
  expect(receiver.arrived).toHaveLength(15);
  const resumed = await desk.api('PUT', `/webhooks/${(await webhook())?.id}`, { interrupted: false });
  expect(resumed.json.interrupted).toBe(false);
  await until(
    async () => receiver.arrived,
    (arrived) => arrived.length === 17,
  );
  expect(await desk.take()).toEqual([]);
  receiver.close();
});

test('one success forgets the failures before it', async () => {
  let status = 500;
  const receiver = await receive(() => status);
  await desk.set('/webhook', { mode: 'push', url: receiver.url });
  await desk.payment();
  await until(webhook, (shown) => shown?.penalizedRequestsCount === 1);
  status = 200;
  await desk.advance('2030-03-04T15:01:00Z');
  await until(webhook, (shown) => shown?.penalizedRequestsCount === 0);
  expect(receiver.arrived).toHaveLength(2);
  receiver.close();
});

test('an event that fails holds back the others in sequence, and only then', async () => {
  const receiver = await receive((event) => (event === 'PAYMENT_CREATED' ? 500 : 200));
  await desk.set('/webhook', { mode: 'push', url: receiver.url, sendType: 'NON_SEQUENTIALLY' });
  const { id } = await desk.payment();
  await desk.act(`/payments/${id}/pay`);
  await until(
    async () => receiver.arrived,
    (arrived) => arrived.some(({ event }) => event === 'PAYMENT_RECEIVED'),
  );
  await desk.set('/webhook', { mode: 'push', url: receiver.url, sendType: 'SEQUENTIALLY' });
  await desk.act(`/payments/${id}/refund`);
  const tries = () => receiver.arrived.filter(({ event }) => event === 'PAYMENT_CREATED').length;
  const before = tries();
  await desk.advance('2030-03-04T16:00:00Z');
  await until(
    async () => tries(),
    (count) => count > before,
  );
  expect(receiver.arrived.map(({ event }) => event)).not.toContain('PAYMENT_REFUNDED');
  receiver.close();
});

test('other machines are never called', async () => {
  await desk.set('/webhook', { mode: 'push', url: 'http://base.example/hook' });
  await desk.payment();
  expect(await webhook()).toMatchObject({ interrupted: false, penalizedRequestsCount: 0 });
  expect(await desk.names()).toEqual(['PAYMENT_CREATED']);
});

test('planned faults strike as many requests as planned, of the method and path named', async () => {
  const customer = await desk.customer();
  const order = { customer, billingType: 'PIX', value: 10, dueDate: '2030-03-08', externalReference: 'once' };
  await desk.set('/fault', { fault: '500_after', times: 1, method: 'POST', path: '/payments' });
  expect((await desk.api('GET', '/payments')).status).toBe(200);
  expect((await desk.api('POST', '/payments', order)).status).toBe(500);
  // What failed afterwards was done all the same.
  expect((await desk.api('GET', '/payments?externalReference=once')).json.totalCount).toBe(1);
  await desk.set('/fault', { fault: '500', times: 1 });
  expect((await desk.api('POST', '/payments', order)).status).toBe(500);
  expect((await desk.api('GET', '/payments?externalReference=once')).json.totalCount).toBe(1);
  await desk.set('/fault', { fault: '429', times: 5 });
  await desk.set('/fault', { fault: null });
  expect((await desk.api('GET', '/payments')).status).toBe(200);
});
