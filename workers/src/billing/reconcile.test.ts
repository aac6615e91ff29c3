import { readFileSync } from 'node:fs';
import { receivePaymentEvent } from '@base/shared/db/queries/billing';
import { until } from '@base/shared/testing/until';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { buy, customerOf, order, readInbox, readMoney, subscriptionOf } from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';
import { processBatch, processPaymentEvents } from './process-payment-events.ts';
import { compareSubscriptions, recoverEvents, settleOverdueCheckouts } from './reconcile-payments.ts';
import { handlers } from './stripe/handlers.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  await billing.pool.query(`delete from payment_events where status in ('parked', 'received')`);
  expect(await billing.violations()).toEqual([]);
});

/** Time passes at Stripe and here, and nobody is told of anything. */
async function passInSilence(minutes: number): Promise<void> {
  await billing.advanceClock(minutes / 1_440);
  await billing.takeEvents();
}

async function putIn(type: string, objectId: string): Promise<string> {
  const id = `evt_of_a_test_${type}_${objectId}`;
  const payload = JSON.stringify({ id, object: 'event', type, data: { object: { id: objectId } } });
  await receivePaymentEvent(billing.pool, { gateway: 'stripe', id, type, apiVersion: '2024-06-20', payload });
  return id;
}

async function statusOf(id: string): Promise<{ status: string; attempts: number; last_error: string | null }> {
  const { rows } = await billing.pool.query(
    'select status, attempts, last_error from payment_events where event_id = $1',
    [id],
  );
  return rows[0];
}

describe('reconciliation', () => {
  it('finds events that never reached us, and gives what they bring, once', async () => {
    const [packer, subscriber] = [await billing.newTenant(), await billing.newTenant()];
    const pack = await order(billing, packer, { pack: 'credits-5000' });
    const plan = await order(billing, subscriber, { plan: 'starter' });
    await billing.control('POST', `/stripe/checkout/${pack.sessionId}/pay`);
    await billing.control('POST', `/stripe/checkout/${plan.sessionId}/pay`);
    await passInSilence(10);
    expect(await readMoney(billing, packer)).toMatchObject({ available: 0 });
    expect(await recoverEvents(billing.deps)).toBeGreaterThan(3);
    await billing.work();
    expect(await readMoney(billing, packer)).toMatchObject({ available: 5_000 });
    expect(await readMoney(billing, subscriber)).toMatchObject({ plan: 'starter', available: 500 });
    expect(await recoverEvents(billing.deps)).toBe(0);
  });

  it('leaves alone what may still be on its way', async () => {
    await recoverEvents(billing.deps);
    const tenant = await billing.newTenant();
    const pack = await order(billing, tenant, { pack: 'credits-5000' });
    await billing.control('POST', `/stripe/checkout/${pack.sessionId}/pay`);
    expect(await recoverEvents(billing.deps)).toBe(0);
    await billing.settle();
  });

  it('looks up orders that are over, and gives what was paid for them', async () => {
    const [paid, unpaid] = [await billing.newTenant(), await billing.newTenant()];
    const orders = [
      await order(billing, paid, { pack: 'credits-5000' }),
      await order(billing, unpaid, { plan: 'starter' }),
    ];
    await billing.control('POST', `/stripe/checkout/${orders[0]?.sessionId}/pay`);
    await passInSilence(25 * 60);
    expect(await settleOverdueCheckouts(billing.deps)).toBe(2);
    expect(await readMoney(billing, paid)).toMatchObject({ available: 5_000, payments: 1 });
    const { rows } = await billing.pool.query('select status from checkouts where id = any ($1) order by created_at', [
      orders.map(({ id }) => id),
    ]);
    expect(rows).toEqual([{ status: 'completed' }, { status: 'expired' }]);
    expect(await settleOverdueCheckouts(billing.deps)).toBe(0);
  });

  it('corrects subscriptions that are not what Stripe has', async () => {
    const [ended, changed] = [await billing.newTenant(), await billing.newTenant()];
    await buy(billing, ended, { plan: 'starter' });
    await buy(billing, changed, { plan: 'starter' });
    await compareSubscriptions.run(billing.workerDeps);
    await billing.stripe.subscriptions.cancel(await subscriptionOf(billing, ended));
    await billing.stripe.subscriptions.update(await subscriptionOf(billing, changed), { cancel_at_period_end: true });
    await billing.takeEvents();
    expect(await compareSubscriptions.run(billing.workerDeps)).toEqual({ subscriptions_differing: 2 });
    expect(await readMoney(billing, ended)).toMatchObject({ plan: 'free', status: 'canceled' });
    expect(await readMoney(billing, changed)).toMatchObject({ plan: 'starter', cancel_at_period_end: true });
    expect(await compareSubscriptions.run(billing.workerDeps)).toEqual({ subscriptions_differing: 0 });
  });
});

describe('the inbox', () => {
  it('ignores what says nothing to us', async () => {
    const id = await putIn('customer.tax_id.created', 'txi_1');
    await billing.work();
    expect(await statusOf(id)).toMatchObject({ status: 'ignored' });
  });

  it('tries again later what cannot be done now, and sets it aside at the twelfth time', async () => {
    const id = await putIn('refund.created', 're_that_nobody_knows');
    await processBatch(billing.deps);
    expect(await statusOf(id)).toMatchObject({
      status: 'received',
      attempts: 1,
      last_error: expect.stringContaining('404'),
    });
    // It is not due before its time.
    expect(await processBatch(billing.deps)).toBe(0);
    for (let attempt = 2; attempt <= 11; attempt += 1) {
      await billing.pool.query('update payment_events set next_attempt_at = clock_timestamp() where event_id = $1', [
        id,
      ]);
      await processBatch(billing.deps);
      expect((await statusOf(id)).status).toBe('received');
    }
    await billing.work();
    expect(await statusOf(id)).toMatchObject({ status: 'parked', attempts: 12 });
    expect(await processPaymentEvents.run(billing.workerDeps)).toMatchObject({ payment_events_parked: 1 });
  });

  it('never gives up on what a gateway said that is away', async () => {
    const id = await putIn('invoice.paid', 'in_1');
    await billing.pool.query('update payment_events set attempts = 40 where event_id = $1', [id]);
    const unreachable = billing.withoutGateway();
    await processBatch(unreachable);
    expect(await statusOf(id)).toMatchObject({ status: 'received', attempts: 41 });
  });

  it('is worked on by several workers at once, and each event counts once', async () => {
    const tenants = await Promise.all(Array.from({ length: 6 }, () => billing.newTenant()));
    for (const tenant of tenants) {
      const { sessionId } = await order(billing, tenant, { pack: 'credits-5000' });
      await billing.control('POST', `/stripe/checkout/${sessionId}/pay`);
    }
    await billing.send(await billing.takeEvents());
    await Promise.all(Array.from({ length: 4 }, () => processBatch(billing.deps)));
    await until('all are done', async () => (await readInbox(billing)).length === 0);
    for (const tenant of tenants) {
      expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000, payments: 1 });
    }
  });

  it('sets aside what is sold at a price that is not ours', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    const { stripe } = billing;
    const product = await stripe.products.create({ name: 'Elsewhere' });
    const recurring = { interval: 'month' } as const;
    const price = await stripe.prices.create({ product: product.id, currency: 'brl', unit_amount: 100, recurring });
    const customer = await customerOf(billing, tenant);
    await billing.control('POST', `/stripe/customers/${customer}/card`, { outcome: 'ok' });
    await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 500, payments: 1 });
    const types = (await readInbox(billing)).map(({ type, status }) => `${type} ${status}`);
    expect(types).toEqual(expect.arrayContaining(['customer.subscription.created parked', 'invoice.paid parked']));
  });

  it('tells of an invoice that needs the payer, once for each attempt', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { plan: 'starter' });
    const customer = await customerOf(billing, tenant);
    await billing.control('POST', `/stripe/customers/${customer}/card`, { outcome: 'declined' });
    await billing.advance(32);
    const [open] = (await billing.stripe.invoices.list({ customer, status: 'open' })).data;
    await putIn('invoice.payment_action_required', open?.id ?? '');
    await putIn('invoice.finalization_failed', open?.id ?? '');
    await billing.work();
    await billing.pool.query(
      `update payment_events set status = 'received', ended_at = null where event_id like 'evt_of_a_test%'`,
    );
    await billing.work();
    const { rows } = await billing.pool.query(
      `select type from events where organization_id = $1 and type in ('invoice.payment_action_required', 'invoice.finalization_failed')`,
      [tenant.organizationId],
    );
    expect(rows).toEqual([{ type: 'invoice.payment_action_required' }]);
  });
});

it('handles no event that the guide does not have the endpoint made for', () => {
  const guide = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  for (const type of handlers.keys()) expect(guide).toContain(`\`${type}\``);
});
