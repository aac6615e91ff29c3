import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { order, readMoney } from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});

it('gives the credits of a pack paid by card once, however often and in whatever order Stripe tells of it', async () => {
  const tenant = await billing.newTenant();
  const checkout = await order(billing, tenant, { pack: 'credits-5000' });
  await billing.control('POST', `/stripe/checkout/${checkout.sessionId}/pay`, {});
  const events = await billing.takeEvents();
  await billing.send([...events.toReversed(), ...events, ...events]);
  await billing.work();
  await billing.work();
  expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, plan: 'free', payments: 1 });
  const { body } = await billing.call(tenant, 'GET', `/billing/checkouts/${checkout.id}`);
  expect(body).toMatchObject({ status: 'completed', url: null, completed_at: expect.any(String) });
});
