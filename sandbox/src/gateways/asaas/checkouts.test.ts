import { beforeEach, expect, test } from 'vitest';
import { type AsaasDesk, openDesk } from './testing/asaas-desk.ts';

let desk: AsaasDesk;
beforeEach(async () => {
  desk = await openDesk();
  return () => desk.close();
});

const callback = {
  successUrl: 'https://base.example/paid',
  cancelUrl: 'https://base.example/canceled',
  expiredUrl: 'https://base.example/expired',
};
const pack = {
  billingTypes: ['PIX', 'CREDIT_CARD'],
  chargeTypes: ['DETACHED'],
  minutesToExpire: 60,
  callback,
  items: [{ name: 'Pack', quantity: 2, value: 49.95 }],
  externalReference: 'pack-1',
};
const plan = {
  ...pack,
  billingTypes: ['CREDIT_CARD'],
  chargeTypes: ['RECURRENT'],
  items: [{ name: 'Plan', quantity: 1, value: 49.9 }],
  subscription: { cycle: 'MONTHLY', nextDueDate: '2030-03-04' },
};

test('a pack that is paid on the page becomes a paid payment that points at its checkout', async () => {
  const { json } = await desk.api('POST', '/checkouts', pack);
  expect(json).toMatchObject({ status: 'ACTIVE', externalReference: 'pack-1', link: expect.stringContaining(json.id) });
  await desk.act(`/checkouts/${json.id}/pay`, { method: 'pix' });
  const events = await desk.take();
  expect(events.map(({ event }) => event.event)).toEqual([
    'CHECKOUT_CREATED',
    'PAYMENT_CREATED',
    'PAYMENT_RECEIVED',
    'CHECKOUT_PAID',
  ]);
  expect(events[2]?.event.payment).toMatchObject({ checkoutSession: json.id, value: 99.9, externalReference: null });
  expect(events[3]?.event.checkout).toMatchObject({ id: json.id, status: 'PAID', externalReference: 'pack-1' });
  expect((await desk.act(`/checkouts/${json.id}/pay`)).status).toBe(400);
});

test('a plan that is paid on the page becomes a subscription whose card is charged each month', async () => {
  const customer = await desk.customer();
  const { json } = await desk.api('POST', '/checkouts', { ...plan, customer });
  await desk.act(`/checkouts/${json.id}/pay`, { method: 'card' });
  const events = await desk.take();
  expect(events.map(({ event }) => event.event)).toEqual([
    'CHECKOUT_CREATED',
    'SUBSCRIPTION_CREATED',
    'PAYMENT_CREATED',
    'PAYMENT_CONFIRMED',
    'CHECKOUT_PAID',
  ]);
  const subscription = events[1]?.event.subscription;
  expect(subscription).toMatchObject({ customer, checkoutSession: json.id, status: 'ACTIVE' });
  await desk.advance('2030-04-04T12:00:00Z');
  const { data } = (await desk.api('GET', `/subscriptions/${subscription?.id}/payments`)).json;
  expect(data.map(({ status, dueDate }) => `${dueDate} ${status}`)).toEqual([
    '2030-05-04 PENDING',
    '2030-04-04 CONFIRMED',
    '2030-03-04 CONFIRMED',
  ]);
});

test('a first due date in the future is a trial: the card is charged on that day', async () => {
  const subscription = { cycle: 'MONTHLY', nextDueDate: '2030-03-11' };
  const { json } = await desk.api('POST', '/checkouts', { ...plan, subscription });
  await desk.act(`/checkouts/${json.id}/pay`);
  expect(await desk.names()).toEqual(['CHECKOUT_CREATED', 'SUBSCRIPTION_CREATED', 'PAYMENT_CREATED', 'CHECKOUT_PAID']);
  await desk.advance('2030-03-11T10:00:00Z');
  expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_CONFIRMED']);
});

test('a payer whose card is refused stays on the page', async () => {
  const { json } = await desk.api('POST', '/checkouts', pack);
  const answer = await desk.act(`/checkouts/${json.id}/pay`, { method: 'card', outcome: 'declined' });
  expect(answer.json.status).toBe('ACTIVE');
  expect(await desk.names()).toEqual(['CHECKOUT_CREATED']);
});

test('a page expires after its minutes, or is canceled, and cannot be paid then', async () => {
  const [late, canceled] = [await desk.api('POST', '/checkouts', pack), await desk.api('POST', '/checkouts', pack)];
  await desk.api('POST', `/checkouts/${canceled.json.id}/cancel`);
  await desk.advance('2030-03-04T16:01:00Z');
  const names = ['CHECKOUT_CREATED', 'CHECKOUT_CREATED', 'CHECKOUT_CANCELED', 'CHECKOUT_EXPIRED'];
  expect(await desk.names()).toEqual(names);
  for (const { json } of [late, canceled]) expect((await desk.act(`/checkouts/${json.id}/pay`)).status).toBe(400);
});

test.each([
  [{ billingTypes: ['BOLETO'] }, 'invalid_billingTypes.0'],
  [{ chargeTypes: ['RECURRENT'] }, 'invalid_subscription'],
  [{ items: [] }, 'invalid_items'],
  [{ callback: { successUrl: 'https://base.example' } }, 'invalid_callback.cancelUrl'],
  [{ customer: 'cus_none' }, 'invalid_customer'],
  [{ customerData: { name: 'Ana', cpfCnpj: '123' } }, 'invalid_object'],
])('refuses a checkout with %j', async (fields, code) => {
  const answer = await desk.api('POST', '/checkouts', { ...pack, ...fields });
  expect([answer.status, answer.json.errors?.[0]?.code]).toEqual([400, code]);
});

test('a developer can click through a checkout and an invoice', async () => {
  const { json } = await desk.api('POST', '/checkouts', pack);
  const checkout = await (await fetch(json.link)).text();
  expect(checkout).toContain('R$ 99,90');
  const click = (url: string, choice: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ choice }), redirect: 'manual' });
  expect((await click(json.link, 'declined')).headers.get('location')).toContain('checkoutSession');
  expect((await click(json.link, 'PIX')).headers.get('location')).toBe(callback.successUrl);
  const payment = await desk.payment({ description: '<b>Pack</b>', billingType: 'UNDEFINED' });
  const invoice = await (await fetch(payment.invoiceUrl)).text();
  expect(invoice).not.toContain('<b>');
  await click(payment.invoiceUrl, 'BOLETO');
  expect((await desk.api('GET', `/payments/${payment.id}`)).json.status).toBe('CONFIRMED');
});
