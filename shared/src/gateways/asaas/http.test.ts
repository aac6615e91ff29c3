import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isGatewayError } from '../gateway-error.ts';
import { type Asaas, createAsaas } from './client.ts';

const apiKey = '$aact_prod_secret_of_the_account';
const order = {
  customer: 'cus_1',
  billingType: 'PIX',
  valueCents: 1_990,
  dueDate: '2030-03-08',
  externalReference: 'pack-1',
} as const;

let respond: (req: IncomingMessage, res: ServerResponse) => void;
let seen: { method: string | undefined; headers: IncomingMessage['headers']; url: string | undefined; body: string }[] =
  [];
const server = createServer((req, res) => {
  let body = '';
  req.on('data', (chunk) => {
    body += String(chunk);
  });
  req.on('end', () => {
    seen.push({ method: req.method, headers: req.headers, url: req.url, body });
    respond(req, res);
  });
});
let asaas: Asaas;
let baseUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`; // It listens on a port.
  asaas = createAsaas({ apiKey, baseUrl, userAgent: 'BASE/1.0', timeoutMs: 2_000 });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  seen = [];
  respond = (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};
const refusal = (code: string) => ({ errors: [{ code, description: `about ${apiKey}` }] });

async function failure(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isGatewayError(error)) throw new Error('not a GatewayError', { cause: error });
  return error;
}

it('sends the key, a user agent and an amount in reais, once', async () => {
  answer(200, { id: 'pay_1', customer: 'cus_1', billingType: 'PIX', status: 'PENDING', value: 19.9, news: true });
  const payment = await asaas.createPayment(order);
  expect(payment).toMatchObject({ id: 'pay_1', valueCents: 1_990, refunds: [], deleted: false, subscription: null });
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    method: 'POST',
    url: '/v3/payments',
    headers: { access_token: apiKey, 'user-agent': 'BASE/1.0', 'content-type': 'application/json' },
  });
  expect(seen[0]?.body).toContain('"value":19.9}');
});

describe.each([
  [400, 'invalid', 'invalid'],
  [401, 'unauthorized', 'unauthorized'],
  [403, 'unauthorized', 'unauthorized'],
  [404, 'not_found', 'not_found'],
  [429, 'rate_limited', 'rate_limited'],
  [500, 'unavailable', 'unknown_outcome'],
  [503, 'unavailable', 'unknown_outcome'],
  [302, 'unavailable', 'unknown_outcome'],
])('%d', (status, whenRead, whenChanged) => {
  it(`is ${whenRead} for what reads, and ${whenChanged} for what changes`, async () => {
    answer(status, refusal('some_code'), { location: `${baseUrl}/elsewhere`, 'ratelimit-reset': '7' });
    expect((await failure(asaas.getPayment('pay_1'))).kind).toBe(whenRead);
    const error = await failure(asaas.createPayment(order));
    expect(error).toMatchObject({
      kind: whenChanged,
      codes: ['some_code'],
      retryAfterSeconds: status === 429 ? 7 : undefined,
    });
    expect(error.message).toContain('some_code');
    expect(seen).toHaveLength(2);
  });
});

it.each([
  ['an empty body', ''],
  ['broken JSON', '{"id": "pay_1", "cust'],
  ['a page of HTML', '<html></html>'],
  ['an answer without a status', { id: 'pay_1', customer: 'cus_1', billingType: 'PIX', value: 10 }],
  ['an amount with three decimals', { id: 'p', customer: 'c', billingType: 'PIX', status: 'PENDING', value: 1.005 }],
])('takes %s for no answer', async (_what, body) => {
  answer(200, body);
  expect((await failure(asaas.getPayment('pay_1'))).kind).toBe('unavailable');
  expect((await failure(asaas.createPayment(order))).kind).toBe('unknown_outcome');
});

it('does not know what became of a change whose connection broke or whose time ran out', async () => {
  const impatient = createAsaas({ apiKey, baseUrl, userAgent: 'BASE/1.0', timeoutMs: 50 });
  respond = () => {};
  expect((await failure(impatient.createPayment(order))).kind).toBe('unknown_outcome');
  expect((await failure(impatient.getPayment('pay_1'))).kind).toBe('unavailable');
  respond = (req) => req.socket.resetAndDestroy();
  expect((await failure(asaas.refundPayment('pay_1'))).kind).toBe('unknown_outcome');
  expect((await failure(asaas.getPayment('pay_1'))).kind).toBe('unavailable');
});

it('knows that nothing became of a change that could not be sent', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo; // It listens on a port.
  await new Promise((resolve) => closed.close(resolve));
  const options = { apiKey, baseUrl: `http://127.0.0.1:${port}`, userAgent: 'BASE/1.0', timeoutMs: 2_000 };
  expect((await failure(createAsaas(options).createPayment(order))).kind).toBe('unavailable');
});

it('tells the key to no log, whatever went wrong', async () => {
  const errors: unknown[] = [];
  answer(400, refusal('invalid_value'));
  errors.push(await failure(asaas.createPayment(order)));
  respond = (req) => req.socket.resetAndDestroy();
  errors.push(await failure(asaas.createPayment(order)));
  for (const error of errors) {
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(everything).toContain('Asaas POST /payments');
    expect(everything).not.toContain('secret_of_the_account');
  }
});

it('reaches no other path through an id', async () => {
  answer(200, {});
  for (const id of ['../customers', 'pay_1/refund', 'pay_1?x=1', '']) {
    expect((await failure(asaas.getPayment(id))).kind).toBe('not_found');
  }
  expect(seen).toEqual([]);
});

it("makes the link of a checkout whose link is empty after Asaas' documentation", async () => {
  answer(200, { id: '2bd251f0', link: null, status: 'ACTIVE' });
  const created = await asaas.createCheckout({
    billingTypes: ['PIX'],
    chargeTypes: ['DETACHED'],
    minutesToExpire: 60,
    callback: { successUrl: 'https://b.example', cancelUrl: 'https://b.example', expiredUrl: 'https://b.example' },
    items: [{ name: 'Pack', quantity: 1, valueCents: 1_990 }],
    externalReference: 'pack-1',
  });
  expect(created.link).toBe('https://sandbox.asaas.com/checkoutSession/show?id=2bd251f0');
});
