import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { buy, customerOf, readMoney } from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';
import type { Tenant } from '../testing/tenant.ts';
import type { PaymentGateway } from './gateway.ts';
import { runTopupsNow } from './run-topups.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});

const setting = { threshold: 6000, pack: 'credits-5000', daily_cap_cents: 60_000, monthly_cap_cents: 90_000 };

/** A subscriber, whose card Stripe keeps, with 500 credits. */
async function makeSubscriber(): Promise<Tenant> {
  const tenant = await billing.newTenant();
  await buy(billing, tenant, { plan: 'starter' });
  const saved = await billing.call(tenant, 'PUT', '/billing/auto-topup', setting);
  expect(saved.status).toBe(200);
  return tenant;
}

async function intentsOf(tenant: Tenant): Promise<string[]> {
  const customer = await customerOf(billing, tenant);
  const { data } = await billing.stripe.paymentIntents.list({ customer, limit: 100 });
  return data.filter((intent) => intent.metadata.topup_id !== undefined).map((intent) => intent.status);
}

it('buys the pack until there are enough credits, once each, although many workers run at once', async () => {
  const tenant = await makeSubscriber();
  const before = await readMoney(billing, tenant);
  for (let n = 0; n < 4; n += 1) await Promise.all(Array.from({ length: 5 }, () => runTopupsNow(billing.deps)));
  const after = await readMoney(billing, tenant);
  expect(after.available - before.available).toBe(10_000);
  expect(await intentsOf(tenant)).toEqual(['succeeded', 'succeeded']);
  // What Stripe says of these payments changes nothing more.
  await billing.settle();
  expect(await readMoney(billing, tenant)).toMatchObject({ available: after.available });
});

it('gives nothing for a declined card, and waits', async () => {
  const tenant = await makeSubscriber();
  await billing.control('POST', `/stripe/customers/${await customerOf(billing, tenant)}/card`, { outcome: 'declined' });
  const before = await readMoney(billing, tenant);
  for (let n = 0; n < 3; n += 1) await runTopupsNow(billing.deps);
  expect(await readMoney(billing, tenant)).toMatchObject({ available: before.available });
  const { body } = await billing.call(tenant, 'GET', '/billing/auto-topup');
  expect(body).toMatchObject({ failures: 1, last: { status: 'failed' } });
  expect((await intentsOf(tenant)).filter((status) => status === 'succeeded')).toEqual([]);
});

it('finds what was paid by a worker that died before it could say so, and pays nothing twice', async () => {
  const tenant = await makeSubscriber();
  const gateway = billing.deps.paymentGateways.get('stripe');
  if (gateway === undefined) throw new Error('no gateway');
  const dying: PaymentGateway = {
    ...gateway,
    async payTopup(topup) {
      await gateway.payTopup?.(topup);
      throw new Error('died');
    },
  };
  await runTopupsNow({ ...billing.deps, paymentGateways: new Map([['stripe' as const, dying]]) });
  const paid = await readMoney(billing, tenant);
  expect(await intentsOf(tenant)).toEqual(['succeeded']);
  await billing.pool.query("update topups set paying_until = clock_timestamp() where status = 'pending'");
  await billing.pool.query('update auto_topups set threshold_credits = 1 where organization_id = $1', [
    tenant.organizationId,
  ]);
  await runTopupsNow(billing.deps);
  expect(await intentsOf(tenant)).toEqual(['succeeded']);
  expect((await readMoney(billing, tenant)).available - paid.available).toBe(5000);
});

it('takes the credits of a refunded top-up back', async () => {
  const tenant = await makeSubscriber();
  await billing.pool.query('update auto_topups set threshold_credits = 600 where organization_id = $1', [
    tenant.organizationId,
  ]);
  await runTopupsNow(billing.deps);
  const before = await readMoney(billing, tenant);
  const { rows } = await billing.pool.query(
    "select gateway_payment_id as id from payments where organization_id = $1 and kind = 'topup'",
    [tenant.organizationId],
  );
  await billing.control('POST', `/stripe/payment_intents/${rows[0]?.id}/refund`, {});
  await billing.settle();
  expect(before.available - (await readMoney(billing, tenant)).available).toBe(5000);
});
