import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSchedule, readSubscription } from './read-subscription.ts';
import { disputeSchema, invoiceSchema, refundSchema, sessionSchema } from './schemas.ts';

const start = 1_768_000_000;
const end = start + 31 * 86_400;

function subscription(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'sub_1',
    status: 'active',
    customer: 'cus_1',
    metadata: { organization_id: 'an organization' },
    created: start,
    start_date: start,
    billing_cycle_anchor: start,
    cancel_at: null,
    cancel_at_period_end: false,
    schedule: null,
    items: {
      data: [{ id: 'si_1', price: { id: 'price_1' }, current_period_start: start, current_period_end: end }],
    },
    ...fields,
  };
}

describe('a subscription of Stripe', () => {
  it('has its period where its item has it', () => {
    expect(readSubscription(subscription())).toMatchObject({
      id: 'sub_1',
      customerId: 'cus_1',
      organizationId: 'an organization',
      status: 'active',
      priceId: 'price_1',
      periodStart: new Date(start * 1000),
      periodEnd: new Date(end * 1000),
      cancelAtPeriodEnd: false,
      hasPendingUpdate: false,
    });
  });

  it('of an older version has it on itself', () => {
    const older = subscription({
      current_period_start: start,
      current_period_end: end,
      items: { data: [{ id: 'si_1', price: { id: 'price_1' } }] },
    });
    expect(readSubscription(older).periodEnd).toEqual(new Date(end * 1000));
  });

  it('may be expanded', () => {
    const read = readSubscription(subscription({ customer: { id: 'cus_2' }, latest_invoice: { id: 'in_1' } }));
    expect(read).toMatchObject({ customerId: 'cus_2', latestInvoiceId: 'in_1' });
  });

  it.each([
    ['trialing', 'trialing'],
    ['active', 'active'],
    ['past_due', 'past_due'],
    ['unpaid', 'past_due'],
    ['paused', 'paused'],
    ['canceled', 'canceled'],
    ['incomplete', null],
    ['incomplete_expired', null],
    ['a word of tomorrow', null],
  ])('that is %s counts as %s', (status, expected) => {
    expect(readSubscription(subscription({ status })).status).toBe(expected);
  });

  it('is about to end, too, when it has a moment for that instead of the flag', () => {
    expect(readSubscription(subscription({ cancel_at: end })).cancelAtPeriodEnd).toBe(true);
    expect(readSubscription(subscription({ cancel_at: end + 40 * 86_400 })).cancelAtPeriodEnd).toBe(false);
    expect(readSubscription(subscription({ cancel_at: end, status: 'canceled' })).cancelAtPeriodEnd).toBe(false);
  });

  it('without an item is refused by name', () => {
    expect(() => readSubscription(subscription({ items: { data: [] } }))).toThrow('sub_1');
  });
});

describe('a schedule of Stripe', () => {
  const phases = [
    { start_date: start, end_date: end, items: [{ price: 'price_1' }] },
    { start_date: end, end_date: end + 1_000, items: [{ price: { id: 'price_2' } }] },
  ];
  const schedule = { id: 'sub_sched_1', status: 'active', subscription: 'sub_1', phases };

  it('tells what comes next, until it has come', () => {
    expect(readSchedule(schedule, new Date((start + 1) * 1000))).toMatchObject({
      isActive: true,
      phaseStart: new Date(start * 1000),
      nextPriceId: 'price_2',
    });
    expect(readSchedule(schedule, new Date((end + 1) * 1000)).nextPriceId).toBeNull();
  });

  it('that was released tells nothing, but whose it was', () => {
    const released = { ...schedule, status: 'released', subscription: null, released_subscription: 'sub_1' };
    const read = readSchedule(released, new Date(start * 1000));
    expect(read).toMatchObject({ isActive: false, nextPriceId: null, subscriptionId: 'sub_1' });
  });
});

const vectors = path.join(import.meta.dirname, '../../../../../shared/vectors/stripe/openapi_fixtures3');
// Published examples lie beside the repository where there are any.
describe.skipIf(!existsSync(vectors))('examples published with Stripe’s API description', () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(path.join(vectors, `${name}.json`), 'utf8'));

  it('are read', () => {
    expect(readSubscription(read('subscription')).id).toMatch(/^sub_/);
    expect(readSchedule(read('subscription_schedule'), new Date()).id).toMatch(/^sub_sched_/);
    expect(invoiceSchema.parse(read('invoice')).id).toMatch(/^in_/);
    expect(sessionSchema.parse(read('checkout.session')).id).toMatch(/^cs_/);
    expect(refundSchema.parse(read('refund')).id).toMatch(/^re_/);
    expect(disputeSchema.parse(read('dispute')).id).toMatch(/^d[pu]_/);
  });
});
