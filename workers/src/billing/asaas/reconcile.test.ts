import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemVariables } from '../../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../../devstack/src/ports.ts';
import { startRedis } from '../../../../devstack/src/redis.ts';
import { checkoutStatus, order, readMoney, subscribe } from '../../testing/asaas-steps.ts';
import { type AsaasBilling, startAsaas } from '../../testing/start-asaas.ts';
import { countSilentWebhooks, recoverEvents, settleOverdueCheckouts } from '../reconcile-payments.ts';

let billing: AsaasBilling;
beforeAll(async () => {
  billing = await startAsaas({ systemVariables, pickFreePorts, startRedis });
});
beforeEach(() => billing.reset());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});
afterAll(() => billing?.close());

const act = (paymentId: string, path: string, body: Record<string, unknown> = {}) =>
  billing.control('POST', `/asaas/payments/${paymentId}/${path}`, body);

it('finds packs, months and refunds of which nobody told us, once', async () => {
  const tenant = await billing.newTenant();
  const pack = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
  await act(pack.gatewayId, 'pay');
  const plan = await order(billing, tenant, { plan: 'starter', method: 'card' });
  await billing.control('POST', `/asaas/checkouts/${plan.gatewayId}/pay`, {});
  await billing.takeEvents();
  expect(await recoverEvents(billing.deps)).toBeGreaterThanOrEqual(2);
  await billing.work();
  expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_500, plan: 'starter', payments: 2 });
  expect(await recoverEvents(billing.deps)).toBe(0);
  await act(pack.gatewayId, 'refund', { value: 14.9 });
  await billing.takeEvents();
  expect(await recoverEvents(billing.deps)).toBe(1);
  await billing.work();
  expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000 });
});

it('writes what became of subscriptions that differ, and counts them', async () => {
  const tenant = await billing.newTenant();
  const subscription = await subscribe(billing, tenant);
  const compare = () => billing.deps.paymentGateways.get('asaas')?.compareSubscriptions();
  // Those of other tests went with their Asaas.
  await compare();
  expect(await compare()).toBe(0);
  await billing.api('DELETE', `/subscriptions/${subscription}`);
  await billing.takeEvents();
  expect(await compare()).toBe(1);
  expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled' });
});

it('ends orders whose time is over, and those that were paid unheard are completed', async () => {
  const tenant = await billing.newTenant();
  const unpaid = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
  const paid = await order(billing, tenant, { pack: 'credits-20000', method: 'boleto' });
  const page = await order(billing, tenant, { plan: 'starter' });
  await act(paid.gatewayId, 'pay');
  await billing.takeEvents();
  await billing.pool.query(`update checkouts set expires_at = now() - interval '1 hour' where organization_id = $1`, [
    tenant.organizationId,
  ]);
  await settleOverdueCheckouts(billing.deps);
  expect(await checkoutStatus(billing, tenant, unpaid.id)).toBe('expired');
  expect(await checkoutStatus(billing, tenant, paid.id)).toBe('completed');
  expect(await checkoutStatus(billing, tenant, page.id)).toBe('expired');
  expect(await readMoney(billing, tenant)).toMatchObject({ available: 20_000 });
  await expect(act(unpaid.gatewayId, 'pay')).rejects.toThrow();
  await expect(billing.control('POST', `/asaas/checkouts/${page.gatewayId}/pay`, {})).rejects.toThrow();
});

it('notices that Asaas has stopped telling us', async () => {
  expect(await countSilentWebhooks(billing.deps)).toBe(0);
  const { data } = await billing.api('GET', '/webhooks');
  const [webhook] = data as { id: string }[]; // the sandbox's own form
  await billing.api('PUT', `/webhooks/${webhook?.id}`, { interrupted: true });
  expect(await countSilentWebhooks(billing.deps)).toBe(1);
});
