import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { buy, customerOf, expectReplayed, readInbox, readMoney, subscriptionOf } from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';
import type { Tenant } from '../testing/tenant.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
  expect(await readInbox(billing)).toEqual([]);
});

async function subscribe(plan: string, interval = 'month'): Promise<Tenant> {
  const tenant = await billing.newTenant();
  await buy(billing, tenant, { plan, interval });
  return tenant;
}

/** Asks the API for a change, and lets everybody hear of it. */
async function change(tenant: Tenant, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = await billing.call(tenant, 'POST', '/subscription/change', body);
  expect(answer.status).toBe(202);
  await billing.settle();
  return answer.body;
}

async function turn(tenant: Tenant, action: 'cancel' | 'resume' | 'pause'): Promise<Record<string, unknown>> {
  const answer = await billing.call(tenant, 'POST', `/subscription/${action}`, {});
  expect(answer.status).toBe(202);
  await billing.settle();
  return answer.body;
}

/** How many credits the difference between two plans is for what is left of the period, by the invoice's own times. */
async function differenceOf(tenant: Tenant, from: number, to: number): Promise<number> {
  const { items, latest_invoice: invoice } = await billing.stripe.subscriptions.retrieve(
    await subscriptionOf(billing, tenant),
  );
  const { lines } = await billing.stripe.invoices.retrieve(String(invoice));
  const [item] = items.data;
  const whole = (item?.current_period_end ?? 0) - (item?.current_period_start ?? 0);
  const rest = (lines.data[0]?.period.end ?? 0) - (lines.data[0]?.period.start ?? 0);
  return Math.floor(((to - from) * rest) / whole);
}

const periodEnd = async (tenant: Tenant) =>
  (await billing.call(tenant, 'GET', '/subscription')).body.current_period_end;

describe('an upgrade', () => {
  it('happens now, and brings the difference in credits for the rest of the period', async () => {
    const tenant = await subscribe('starter');
    await billing.advance(10);
    expect(await change(tenant, { plan: 'professional' })).toMatchObject({ action: 'upgrade', when: 'now' });
    const difference = await differenceOf(tenant, 500, 2_000);
    expect(difference).toBeGreaterThan(900);
    expect(difference).toBeLessThan(1_100);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'professional',
      available: 500 + difference,
      payments: 2,
    });
  });

  it('to a yearly plan brings the year’s credits', async () => {
    const tenant = await subscribe('starter');
    await billing.advance(10);
    await change(tenant, { plan: 'professional', interval: 'year' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', available: 24_500, payments: 2 });
  });

  it('that cannot be charged changes nothing until it is paid, and is forgotten after a day', async () => {
    const tenant = await subscribe('starter');
    const customer = await customerOf(billing, tenant);
    await billing.advance(5);
    await billing.control('POST', `/stripe/customers/${customer}/card`, { outcome: 'declined' });
    expect(await change(tenant, { plan: 'professional' })).toMatchObject({
      when: 'paid',
      payment_url: expect.stringContaining('http'),
    });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'active', available: 500 });
    await billing.advance(2);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'active', available: 500 });

    expect(await change(tenant, { plan: 'professional' })).toMatchObject({ when: 'paid' });
    const { latest_invoice: open } = await billing.stripe.subscriptions.retrieve(await subscriptionOf(billing, tenant));
    await billing.control('POST', `/stripe/customers/${customer}/card`, { outcome: 'ok' });
    await billing.stripe.invoices.pay(String(open));
    await billing.settle();
    const difference = await differenceOf(tenant, 500, 2_000);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', available: 500 + difference });
  });

  it('in the gateway’s own pages comes to the same', async () => {
    const tenant = await subscribe('starter');
    // Its price is there when somebody has bought it once.
    const other = await subscribe('professional');
    const sold = await billing.stripe.subscriptions.retrieve(await subscriptionOf(billing, other));
    await billing.advance(10);
    const price = sold.items.data[0]?.price.id;
    const id = await subscriptionOf(billing, tenant);
    await billing.control('POST', `/stripe/subscriptions/${id}/portal`, { action: 'change', price });
    await billing.settle();
    await billing.advance(31);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', status: 'active' });
  });
});

describe('a downgrade', () => {
  it('waits for the end of the period, and leaves what is paid for', async () => {
    const tenant = await subscribe('professional');
    await billing.advance(3);
    const end = await periodEnd(tenant);
    expect(await change(tenant, { plan: 'starter' })).toMatchObject({
      action: 'downgrade',
      when: 'period_end',
      effective_at: end,
    });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'professional',
      next_plan: 'starter',
      available: 2_000,
    });
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      next_plan: null,
      available: 500,
      payments: 2,
    });
  });

  it('can be taken back, or replaced by an upgrade', async () => {
    const tenant = await subscribe('professional');
    await change(tenant, { plan: 'starter' });
    expect(await change(tenant, { plan: 'professional' })).toMatchObject({ action: 'keep' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', next_plan: null });
    await change(tenant, { plan: 'starter' });
    // The same again is the same.
    await change(tenant, { plan: 'starter' });
    expect(await readMoney(billing, tenant)).toMatchObject({ next_plan: 'starter' });
    await change(tenant, { plan: 'business' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'business', next_plan: null });
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'business', available: 10_000 });
  });

  it('is also a change to a year that costs less per month', async () => {
    const tenant = await subscribe('starter');
    expect(await change(tenant, { plan: 'starter', interval: 'year' })).toMatchObject({ when: 'period_end' });
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 6_000 });
    expect((await billing.call(tenant, 'GET', '/subscription')).body.interval).toBe('year');
  });
});

describe('an end', () => {
  it('comes with the period, after which the plan is free', async () => {
    const tenant = await subscribe('starter');
    const end = await periodEnd(tenant);
    expect(await turn(tenant, 'cancel')).toMatchObject({ when: 'period_end', effective_at: end });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      cancel_at_period_end: true,
      available: 500,
    });
    expect((await billing.call(tenant, 'POST', '/subscription/change', { plan: 'business' })).status).toBe(409);
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled', available: 0 });
    expect((await billing.call(tenant, 'POST', '/subscription/resume', {})).status).toBe(409);
  });

  it('can be taken back until then', async () => {
    const tenant = await subscribe('professional');
    await change(tenant, { plan: 'starter' });
    await turn(tenant, 'cancel');
    expect(await readMoney(billing, tenant)).toMatchObject({ cancel_at_period_end: true, next_plan: null });
    await turn(tenant, 'resume');
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'professional',
      status: 'active',
      available: 2_000,
    });
  });

  it('may be asked for in the gateway’s own pages', async () => {
    const tenant = await subscribe('starter');
    const id = await subscriptionOf(billing, tenant);
    await billing.control('POST', `/stripe/subscriptions/${id}/portal`, { action: 'cancel' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ cancel_at_period_end: true });
  });
});

describe('a pause', () => {
  it('takes the plan until it is resumed', async () => {
    const tenant = await subscribe('starter');
    await turn(tenant, 'pause');
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'paused' });
    await turn(tenant, 'resume');
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'active' });
  });
});

it('changes nothing when all of it is told again, in any order', async () => {
  await expectReplayed(billing, [
    'customer.subscription.pending_update_applied',
    'customer.subscription.pending_update_expired',
    'subscription_schedule.created',
    'subscription_schedule.updated',
    'subscription_schedule.released',
  ]);
});
