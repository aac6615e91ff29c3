import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import {
  buy,
  customerOf,
  expectReplayed,
  lastCharge,
  order,
  readEventTypes,
  readInbox,
  readMoney,
  shuffle,
  subscriptionOf,
} from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
  expect(await readInbox(billing)).toEqual([]);
});

const replaceCard = async (customer: string, outcome: 'ok' | 'declined') =>
  billing.control('POST', `/stripe/customers/${customer}/card`, { outcome });

describe('a new subscription', () => {
  it('gives plan, period and credits once, though Stripe tells of it many times in disorder', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { plan: 'starter' });
    await billing.control('POST', `/stripe/checkout/${checkout.sessionId}/pay`);
    const events = await billing.takeEvents();
    for (let round = 0; round < 20; round += 1) {
      await billing.send(shuffle([...events, ...events]).slice(0, 1 + round * 2));
      await billing.work();
    }
    await billing.send(shuffle(events));
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      status: 'active',
      available: 500,
      payments: 1,
    });
    const { body } = await billing.call(tenant, 'GET', '/subscription');
    expect(body).toMatchObject({ plan: 'starter', status: 'active', interval: 'month', gateway: 'stripe' });
    const { body: credits } = await billing.call(tenant, 'GET', '/credits');
    expect(credits.grants).toEqual([{ source: 'subscription', remaining: 500, expires_at: body.current_period_end }]);
    expect(credits.period).toMatchObject({ start: body.current_period_start, end: body.current_period_end });
    const { body: invoices } = await billing.call(tenant, 'GET', '/invoices');
    expect(invoices.data).toMatchObject([
      { status: 'paid', amount_cents: 4_900, amount_paid_cents: 4_900, currency: 'BRL' },
    ]);
    expect((await billing.call(tenant, 'GET', `/billing/checkouts/${checkout.id}`)).body.status).toBe('completed');
  });

  it('gives a year’s credits at once for a year', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'professional', interval: 'year' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', available: 24_000, payments: 1 });
    const { body } = await billing.call(tenant, 'GET', '/subscription');
    expect(body.interval).toBe('year');
  });

  it('gives nothing while it has not been paid for', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { plan: 'starter' });
    await billing.control('POST', `/stripe/checkout/${checkout.sessionId}/pay`, { outcome: 'declined' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: null, available: 0, payments: 0 });
  });

  it('is refused while there is one', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    const again = await billing.call(tenant, 'POST', '/billing/checkout', { plan: 'business' });
    expect(again).toMatchObject({ status: 409, body: { code: 'already_subscribed' } });
  });

  it('replaces the one before it, which is ended at Stripe: nobody pays for two', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    await billing.advance(1);
    const old = await subscriptionOf(billing, tenant);
    const { stripe } = billing;
    const { items } = await stripe.subscriptions.retrieve(old);
    const customer = await customerOf(billing, tenant);
    await replaceCard(customer, 'ok');
    const made = await stripe.subscriptions.create({ customer, items: [{ price: items.data[0]?.price.id ?? '' }] });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ subscription: made.id, live: 1, plan: 'starter' });
    expect((await stripe.subscriptions.retrieve(old)).status).toBe('canceled');
  });
});

describe('a trial', () => {
  it('gives the trial’s credits once, no plan credits for its invoice of nothing, and those when it is paid', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'business' });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'business',
      status: 'trialing',
      available: 40,
      payments: 0,
    });
    await billing.advance(15);
    expect(await readMoney(billing, tenant)).toMatchObject({ status: 'active', available: 10_000, payments: 1 });
    expect((await readEventTypes(billing, tenant)).filter((type) => type === 'invoice.paid')).toHaveLength(2);
  });

  it('is had once: the next subscription begins with its price', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'business' });
    await billing.stripe.subscriptions.cancel(await subscriptionOf(billing, tenant));
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled' });
    await buy(billing, tenant, { plan: 'business' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'business', status: 'active', available: 10_040 });
  });

  it('pauses when nobody has left a card, and goes on when it is resumed with one', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { plan: 'starter' });
    await billing.settle();
    const { line_items: lines } = await billing.stripe.checkout.sessions.retrieve(checkout.sessionId, {
      expand: ['line_items'],
    });
    const customer = await customerOf(billing, tenant);
    const { id } = await billing.stripe.subscriptions.create({
      customer,
      items: [{ price: lines?.data[0]?.price?.id ?? '' }],
      trial_period_days: 3,
      trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'trialing' });
    await billing.advance(4);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'paused', available: 0 });
    await replaceCard(customer, 'ok');
    expect((await billing.call(tenant, 'POST', '/subscription/resume', {})).status).toBe(202);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      status: 'active',
      subscription: id,
      available: 500,
    });
  });
});

describe('renewals', () => {
  it('bring the credits of the new period, while those of the old one end', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      status: 'active',
      available: 500,
      payments: 2,
    });
    const { body } = await billing.call(tenant, 'GET', '/credits');
    expect(body).toMatchObject({ period: { credits_used: 0 }, lifetime_purchased: expect.any(Number) });
  });

  it('that fail keep the plan for the days of grace, tell of each attempt, and what is paid late brings all back', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    const customer = await customerOf(billing, tenant);
    await replaceCard(customer, 'declined');
    await billing.advance(32);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'past_due', available: 0 });
    expect((await billing.call(tenant, 'GET', '/subscription')).body.grace_ends_at).toEqual(expect.any(String));
    await billing.advance(8);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'past_due' });
    const { rows: told } = await billing.pool.query(
      `select data ->> 'attempt' as attempt from events where organization_id = $1 and type = 'invoice.payment_failed' and data ? 'attempt' order by id`,
      [tenant.organizationId],
    );
    expect(told).toEqual([{ attempt: '1' }, { attempt: '3' }]);
    const { data } = await billing.stripe.invoices.list({ customer, status: 'open' });
    await replaceCard(customer, 'ok');
    await billing.stripe.invoices.pay(data[0]?.id ?? '');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      status: 'active',
      available: 500,
      grace_ends_at: null,
    });
  });

  it('that fail to the last end the subscription', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    await replaceCard(await customerOf(billing, tenant), 'declined');
    await billing.advance(60);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled', available: 0, live: 0 });
  });
});

describe('invoices', () => {
  it('that are refunded take their credits along', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    await billing.control('POST', `/stripe/payment_intents/${await lastCharge(billing, tenant)}/refund`, {
      amount: 980,
    });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 400, claims: 1 });
  });

  it('are mirrored when they are given up', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    const customer = await customerOf(billing, tenant);
    await replaceCard(customer, 'declined');
    await billing.advance(32);
    const open = await billing.stripe.invoices.list({ customer, status: 'open' });
    await billing.stripe.invoices.markUncollectible(open.data[0]?.id ?? '');
    await billing.settle();
    const status = async () => (await billing.call(tenant, 'GET', '/invoices')).body.data;
    expect(await status()).toMatchObject([{ status: 'uncollectible' }, { status: 'paid' }]);
    await billing.stripe.invoices.voidInvoice(open.data[0]?.id ?? '');
    await billing.settle();
    expect(await status()).toMatchObject([{ status: 'void' }, { status: 'paid' }]);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 1 });
  });
});

it('changes nothing when all of it is told again, in any order', async () => {
  await expectReplayed(billing, [
    'customer.subscription.created',
    'customer.subscription.updated',
    'customer.subscription.deleted',
    'customer.subscription.paused',
    'customer.subscription.resumed',
    'customer.subscription.trial_will_end',
    'invoice.paid',
    'invoice.payment_failed',
    'invoice.voided',
    'invoice.marked_uncollectible',
  ]);
});
