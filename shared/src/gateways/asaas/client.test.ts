import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Asaas, createAsaas } from './client.ts';
import { createOnce } from './create-once.ts';
import type { AsaasPayment } from './schemas.ts';

// Against a provider sandbox of its own, because its faults strike whoever calls next.

let sandbox: ChildProcess;
let url: string;
let asaas: Asaas;

beforeAll(async () => {
  const script = path.resolve(import.meta.dirname, '../../../../sandbox/src/start.ts');
  sandbox = spawn(process.execPath, [script], {
    env: { ...process.env, SANDBOX_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  url = await new Promise<string>((resolve, reject) => {
    sandbox.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    sandbox.stdout?.on('data', (chunk) => {
      const [, address] = /listening on (\S+)/.exec(String(chunk)) ?? [];
      if (address) resolve(address);
    });
  });
  asaas = createAsaas({
    apiKey: '$aact_hmlg_tests',
    baseUrl: `${url}/asaas/v3`,
    userAgent: 'BASE/1.0',
    timeoutMs: 5_000,
  });
});
afterAll(() => {
  sandbox.kill();
});

async function control(method: string, where: string, body: unknown = {}): Promise<void> {
  const answer = await fetch(`${url}/_sandbox/${where}`, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`);
}

async function collect(pages: AsyncIterable<AsaasPayment[]>): Promise<AsaasPayment[][]> {
  const all: AsaasPayment[][] = [];
  for await (const page of pages) all.push(page);
  return all;
}

let count = 0;
function reference(): string {
  count += 1;
  return `ref-${count}`;
}

/** Asaas reckons in Brazil's days. */
const dayAhead = (days: number) => new Date(Date.now() - 3 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);

const newCustomer = (externalReference: string) =>
  asaas.createCustomer({ name: 'Ana', cpfCnpj: '52998224725', email: 'ana@example.com', externalReference });

async function newPayment(externalReference: string, billingType: 'PIX' | 'BOLETO' | 'CREDIT_CARD' = 'PIX') {
  const { id } = await newCustomer(`${externalReference}-customer`);
  const payment = { customer: id, billingType, valueCents: 19_90, dueDate: dayAhead(3), externalReference };
  return { order: payment, create: () => asaas.createPayment(payment) };
}

it('a customer is found by our reference', async () => {
  const ours = reference();
  expect(await asaas.findCustomer(ours)).toBeNull();
  const created = await newCustomer(ours);
  expect(await asaas.findCustomer(ours)).toEqual(created);
});

it('a Pix payment is made, shown, paid and given back in parts, to the cent', async () => {
  const ours = reference();
  const { id } = await (await newPayment(ours)).create();
  expect((await asaas.getPixQrCode(id)).payload).toContain('br.gov.bcb.pix');
  await control('POST', `asaas/payments/${id}/pay`);
  expect(await asaas.findPaymentByReference(ours)).toMatchObject({ id, status: 'RECEIVED', valueCents: 1_990 });
  const part = await asaas.refundPayment(id, { valueCents: 5_15 });
  expect(part).toMatchObject({ status: 'RECEIVED', refunds: [{ valueCents: 515, status: 'DONE' }] });
  const rest = await asaas.refundPayment(id);
  expect(rest).toMatchObject({ status: 'REFUNDED', refunds: [{ valueCents: 515 }, { valueCents: 1_475 }] });
  await expect(asaas.refundPayment(id)).rejects.toMatchObject({ kind: 'invalid', codes: ['invalid_action'] });
});

it('a boleto has a line to type', async () => {
  const { id } = await (await newPayment(reference(), 'BOLETO')).create();
  expect((await asaas.getBoletoLine(id)).identificationField).toMatch(/^\d{47}$/);
});

it.each(['500_after', 'reset_after', 'timeout_after'])(
  'a creation that ends in %s makes one payment',
  async (fault) => {
    const ours = reference();
    const { order } = await newPayment(ours);
    const impatient = createAsaas({ apiKey: 'any', baseUrl: `${url}/asaas/v3`, userAgent: 'BASE/1.0', timeoutMs: 400 });
    await control('PUT', 'asaas/fault', { fault, method: 'POST', path: '/payments' });
    const create = () =>
      createOnce({
        find: () => asaas.findPaymentByReference(ours),
        create: () => impatient.createPayment(order),
        lookUpDelaysMs: [10, 100],
      });
    const payment = await create();
    expect(payment.externalReference).toBe(ours);
    expect((await create()).id).toBe(payment.id);
    const all = await collect(asaas.listPayments({ externalReference: ours }));
    expect(all.flat()).toHaveLength(1);
  },
);

it('a creation that never arrived stays unknown until it is asked for again', async () => {
  const ours = reference();
  const { create } = await newPayment(ours);
  const once = () => createOnce({ find: () => asaas.findPaymentByReference(ours), create, lookUpDelaysMs: [10] });
  await control('PUT', 'asaas/fault', { fault: 'reset', method: 'POST', path: '/payments' });
  await expect(once()).rejects.toMatchObject({ kind: 'unknown_outcome' });
  expect((await once()).externalReference).toBe(ours);
});

it('a limit says when to come back', async () => {
  await control('PUT', 'asaas/fault', { fault: '429' });
  await expect(asaas.getPayment('pay_1')).rejects.toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 7 });
});

it('lists are read page by page to their end', async () => {
  const { order } = await newPayment('many');
  const ids = new Set<string>();
  for (let made = 0; made < 120; made += 1) ids.add((await asaas.createPayment(order)).id);
  const pages = await collect(asaas.listPayments({ customer: order.customer, since: dayAhead(-1) }));
  expect(pages.map(({ length }) => length)).toEqual([100, 20]);
  expect(new Set(pages.flat().map(({ id }) => id))).toEqual(ids);
  expect(await collect(asaas.listPayments({ customer: order.customer, since: dayAhead(1) }))).toEqual([]);
  expect((await asaas.findPaymentByReference('many'))?.id).toBe([...ids][20]);
});

it('a subscription is made, changed and ended', async () => {
  const ours = reference();
  const { id: customer } = await newCustomer(`${ours}-customer`);
  const created = await asaas.createSubscription({
    customer,
    billingType: 'BOLETO',
    valueCents: 49_90,
    nextDueDate: dayAhead(1),
    cycle: 'MONTHLY',
    externalReference: ours,
  });
  expect(await asaas.getSubscription(created.id)).toEqual(created);
  const changed = await asaas.updateSubscription(created.id, { valueCents: 99_90, updatePendingPayments: true });
  expect(changed.valueCents).toBe(9_990);
  const [[payment] = []] = await collect(asaas.listSubscriptionPayments(created.id));
  expect(payment).toMatchObject({ subscription: created.id, valueCents: 9_990, dueDate: dayAhead(1) });
  expect(await asaas.deleteSubscription(created.id)).toEqual({ id: created.id, deleted: true });
  expect(await asaas.getPayment(payment?.id ?? '')).toMatchObject({ deleted: true });
});

it('a checkout gives the page to pay on, and its payment points back', async () => {
  const ours = reference();
  const { id: customer } = await newCustomer(`${ours}-customer`);
  const created = await asaas.createCheckout({
    billingTypes: ['PIX', 'CREDIT_CARD'],
    chargeTypes: ['DETACHED'],
    minutesToExpire: 60,
    callback: {
      successUrl: 'https://b.example/1',
      cancelUrl: 'https://b.example/2',
      expiredUrl: 'https://b.example/3',
    },
    items: [{ name: 'Pack', quantity: 1, valueCents: 99_99 }],
    customer,
    externalReference: ours,
  });
  expect((await fetch(created.link)).status).toBe(200);
  await control('POST', `asaas/checkouts/${created.id}/pay`, { method: 'pix' });
  const [[payment] = []] = await collect(asaas.listPayments({ customer }));
  expect(payment).toMatchObject({ checkoutSession: created.id, status: 'RECEIVED', valueCents: 9_999 });
});

it('a webhook is listed with whether it is interrupted', async () => {
  expect(await asaas.listWebhooks()).toEqual([]);
  await control('PUT', 'asaas/webhook', { mode: 'hold', url: 'http://127.0.0.1:1/hook', token: 'secret' });
  expect(await asaas.listWebhooks()).toMatchObject([{ url: 'http://127.0.0.1:1/hook', interrupted: false }]);
});

it('a wrong key is told apart', async () => {
  const stranger = createAsaas({
    apiKey: 'invalid',
    baseUrl: `${url}/asaas/v3`,
    userAgent: 'BASE/1.0',
    timeoutMs: 5_000,
  });
  await expect(stranger.listWebhooks()).rejects.toMatchObject({
    kind: 'unauthorized',
    codes: ['invalid_access_token'],
  });
});
