import { beforeEach, expect, test } from 'vitest';
import { type AsaasDesk, openDesk, type TakenEvent } from './testing/asaas-desk.ts';

let desk: AsaasDesk;
beforeEach(async () => {
  desk = await openDesk();
  return () => desk.close();
});

async function subscribe(fields: Record<string, unknown> = {}) {
  const customer = await desk.customer();
  const order = {
    customer,
    billingType: 'PIX',
    value: 49.9,
    nextDueDate: '2030-03-04',
    cycle: 'MONTHLY',
    description: 'Plan starter',
    externalReference: 'org-1:sub:starter',
  };
  return (await desk.api('POST', '/subscriptions', { ...order, ...fields })).json;
}

const paymentsOf = async (id: string) => (await desk.api('GET', `/subscriptions/${id}/payments`)).json.data;
const tell = (events: TakenEvent[]) =>
  events.map(({ event }) => `${event.event} ${event.payment?.dueDate ?? event.subscription?.nextDueDate}`);

test('the first payment is there at once, each later one forty days before it is due', async () => {
  const { id } = await subscribe({ nextDueDate: '2030-03-31' });
  expect((await desk.api('GET', `/subscriptions/${id}`)).json).toMatchObject({
    object: 'subscription',
    status: 'ACTIVE',
    nextDueDate: '2030-04-30',
    value: 49.9,
  });
  expect(await paymentsOf(id)).toMatchObject([
    { dueDate: '2030-03-31', value: 49.9, subscription: id, externalReference: 'org-1:sub:starter', status: 'PENDING' },
  ]);
  expect(tell(await desk.take())).toEqual(['SUBSCRIPTION_CREATED 31/03/2030', 'PAYMENT_CREATED 2030-03-31']);
  await desk.advance('2030-03-21T03:59:00Z');
  expect(await desk.names()).toEqual([]);
  // Forty days before the 30th of April, in the night; and back to the 31st in May.
  await desk.advance('2030-03-21T04:00:00Z');
  expect(tell(await desk.take())).toEqual(['PAYMENT_CREATED 2030-04-30']);
  await desk.advance('2030-04-21T04:00:00Z');
  expect(tell(await desk.take())).toEqual(['PAYMENT_OVERDUE 2030-03-31', 'PAYMENT_CREATED 2030-05-31']);
});

test('a yearly one makes one payment a year', async () => {
  const { id } = await subscribe({ cycle: 'YEARLY' });
  await desk.advance('2031-03-05T12:00:00Z');
  expect((await paymentsOf(id)).map(({ dueDate }) => dueDate)).toEqual(['2031-03-04', '2030-03-04']);
});

test('a card is charged on each due date', async () => {
  const { id } = await subscribe({ billingType: 'CREDIT_CARD', creditCardToken: 'tok_1' });
  await desk.advance('2030-04-05T12:00:00Z');
  const [, second, first] = await paymentsOf(id);
  expect(first).toMatchObject({ dueDate: '2030-03-04', status: 'RECEIVED', confirmedDate: '2030-03-04' });
  expect(second).toMatchObject({ dueDate: '2030-04-04', status: 'CONFIRMED', confirmedDate: '2030-04-04' });
});

test('a card that is refused is tried again while the payment is overdue, and then pays', async () => {
  const rare = { cycle: 'YEARLY', nextDueDate: '2030-03-05' };
  const { id, customer } = await subscribe({ billingType: 'CREDIT_CARD', creditCardToken: 'tok_1', ...rare });
  await desk.act(`/customers/${customer}/card`, { outcome: 'declined' });
  await desk.advance('2030-03-06T12:00:00Z');
  expect(await paymentsOf(id)).toMatchObject([{ status: 'OVERDUE' }]);
  await desk.act(`/customers/${customer}/card`, { outcome: 'ok' });
  await desk.advance('2030-03-08T12:00:00Z');
  expect(await paymentsOf(id)).toMatchObject([{ status: 'CONFIRMED', confirmedDate: '2030-03-08' }]);
  const names = await desk.names();
  expect(names.slice(-3)).toEqual(['PAYMENT_OVERDUE', 'PAYMENT_CREDIT_CARD_CAPTURE_REFUSED', 'PAYMENT_CONFIRMED']);
});

test('a payer who pays by card on the page pays by that card from then on', async () => {
  const { id } = await subscribe({ billingType: 'UNDEFINED' });
  const [first] = await paymentsOf(id);
  await desk.act(`/payments/${first?.id}/pay`, { method: 'card' });
  await desk.advance('2030-04-05T12:00:00Z');
  const [, second] = await paymentsOf(id);
  expect(second).toMatchObject({ dueDate: '2030-04-04', status: 'CONFIRMED', billingType: 'CREDIT_CARD' });
});

test('a new value is for payments to come, and for open ones when asked', async () => {
  const { id } = await subscribe({ nextDueDate: '2030-03-10' });
  await desk.take();
  const updated = await desk.api('PUT', `/subscriptions/${id}`, { value: 99.9 });
  expect(updated.json.value).toBe(99.9);
  expect(await paymentsOf(id)).toMatchObject([{ value: 49.9 }]);
  expect(await desk.names()).toEqual(['SUBSCRIPTION_UPDATED']);
  await desk.advance('2030-03-05T12:00:00Z');
  expect(await paymentsOf(id)).toMatchObject([{ value: 99.9, dueDate: '2030-04-10' }, { value: 49.9 }]);
  await desk.take();
  await desk.api('PUT', `/subscriptions/${id}`, { value: 89.9, updatePendingPayments: true });
  expect(await paymentsOf(id)).toMatchObject([{ value: 89.9 }, { value: 89.9 }]);
  expect(await desk.names()).toEqual(['PAYMENT_UPDATED', 'PAYMENT_UPDATED', 'SUBSCRIPTION_UPDATED']);
});

test('an inactive one makes no payments until it is active again from a given day', async () => {
  const { id } = await subscribe();
  await desk.take();
  await desk.api('PUT', `/subscriptions/${id}`, { status: 'INACTIVE' });
  await desk.advance('2030-07-01T12:00:00Z');
  expect(await desk.names()).toEqual(['SUBSCRIPTION_INACTIVATED', 'PAYMENT_OVERDUE']);
  const incomplete = await desk.api('PUT', `/subscriptions/${id}`, { status: 'ACTIVE' });
  expect(incomplete.json.errors).toMatchObject([{ code: 'invalid_nextDueDate' }]);
  await desk.api('PUT', `/subscriptions/${id}`, { status: 'ACTIVE', nextDueDate: '2030-07-15' });
  await desk.advance('2030-07-02T12:00:00Z');
  expect((await paymentsOf(id)).map(({ dueDate }) => dueDate)).toEqual(['2030-07-15', '2030-03-04']);
});

test('the end of a subscription takes its open payments along, and leaves what was paid', async () => {
  const { id } = await subscribe();
  await desk.advance('2030-03-05T12:00:00Z');
  const [, first] = await paymentsOf(id);
  await desk.act(`/payments/${first?.id}/pay`);
  await desk.take();
  expect((await desk.api('DELETE', `/subscriptions/${id}`)).json).toEqual({ deleted: true, id });
  expect(tell(await desk.take())).toEqual(['PAYMENT_DELETED 2030-04-04', 'SUBSCRIPTION_DELETED 04/05/2030']);
  expect((await paymentsOf(id)).map(({ status }) => status)).toEqual(['RECEIVED']);
  await desk.api('DELETE', `/subscriptions/${id}`);
  await desk.advance('2030-12-01T12:00:00Z');
  expect(await desk.names()).toEqual([]);
});

test('one with an end makes no payments after it', async () => {
  const { id } = await subscribe({ endDate: '2030-05-04' });
  await desk.advance('2030-12-01T12:00:00Z');
  expect((await paymentsOf(id)).map(({ dueDate }) => dueDate)).toEqual(['2030-05-04', '2030-04-04', '2030-03-04']);
  expect((await desk.api('GET', `/subscriptions/${id}`)).json.status).toBe('EXPIRED');
});
