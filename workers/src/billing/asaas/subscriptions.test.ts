import { addMonths, dayInBrazil, startOfDay } from '@base/shared/gateways/asaas/brazil-days';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../../devstack/src/ports.ts';
import { startRedis } from '../../../../devstack/src/redis.ts';
import {
  checkoutStatus,
  order,
  paymentsOf,
  payNext,
  readInvoices,
  readMoney,
  readStuck,
  subscribe,
} from '../../testing/asaas-steps.ts';
import { type AsaasBilling, payer, startAsaas } from '../../testing/start-asaas.ts';
import type { Tenant } from '../../testing/tenant.ts';

let billing: AsaasBilling;
beforeAll(async () => {
  billing = await startAsaas({ systemVariables, pickFreePorts, startRedis });
});
beforeEach(() => billing.reset());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
  expect(await readStuck(billing)).toEqual([]);
});
afterAll(() => billing?.close());

/** Looks up what comes about without an event, as the hourly run does. */
const reconcile = async () => {
  await billing.deps.paymentGateways.get('asaas')?.recoverEvents();
  await billing.work();
};
const turn = async (tenant: Tenant, action: string, body: Record<string, unknown> = {}) => {
  const answer = await billing.call(tenant, 'POST', `/subscription/${action}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  await billing.settle();
  return answer.body;
};
const statuses = async (subscription: string) => (await paymentsOf(billing, subscription)).map(({ status }) => status);

describe('a subscription by PIX', () => {
  it('begins with its first payment, lives from payment to payment, and brings each month’s credits once', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId, body } = await order(billing, tenant, { plan: 'starter', method: 'pix' });
    expect(body).toMatchObject({ plan: 'starter', interval: 'month', instructions: { type: 'pix' } });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', available: 0, status: null });
    await payNext(billing, gatewayId);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 500, status: 'active' });
    expect(await checkoutStatus(billing, tenant, id)).toBe('completed');
    const today = dayInBrazil(new Date());
    expect((await billing.call(tenant, 'GET', '/subscription')).body).toMatchObject({
      gateway: 'asaas',
      interval: 'month',
      current_period_start: startOfDay(today).toISOString(),
      current_period_end: startOfDay(addMonths(today, 1)).toISOString(),
    });
    for (let month = 1; month <= 3; month += 1) {
      const noon = startOfDay(addMonths(today, month)).getTime() + 12 * 3_600_000;
      await billing.advance((noon - billing.clock.now().getTime()) / 86_400_000);
      expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 0, status: 'active' });
      await payNext(billing, gatewayId);
      expect(await readMoney(billing, tenant)).toMatchObject({ available: 500, status: 'active', payments: month + 1 });
    }
    expect((await readInvoices(billing, tenant)).filter(({ status }) => status === 'paid')).toHaveLength(4);
  });

  it('for a year brings the credits of twelve months at once', async () => {
    const tenant = await billing.newTenant();
    await subscribe(billing, tenant, { interval: 'year' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 6_000, status: 'active' });
    await billing.advance(300);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 6_000, payments: 1 });
  });

  it('that is not paid is overdue, keeps its plan for the grace, loses it, and has it again when it is paid', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(33);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'past_due', available: 0 });
    await billing.advance(9);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'past_due' });
    await payNext(billing, subscription);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'active', available: 500 });
  });

  it('whose next payment is paid in advance stays in its period until that ends', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(5);
    await payNext(billing, subscription);
    const before = (await billing.call(tenant, 'GET', '/subscription')).body;
    expect(before.current_period_start).toBe(startOfDay(dayInBrazil(new Date())).toISOString());
    expect(await readMoney(billing, tenant)).toMatchObject({ status: 'active', available: 1_000, payments: 2 });
    await billing.advance(27);
    await reconcile();
    const after = (await billing.call(tenant, 'GET', '/subscription')).body;
    expect(after).toMatchObject({ status: 'active', current_period_start: before.current_period_end });
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 500 });
  });

  it('says the same after any number of replays in any order', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(33);
    await payNext(billing, subscription);
    const before = await readMoney(billing, tenant);
    await billing.pool.query(
      `update payment_events set status = 'received', ended_at = null, received_at = received_at + random() * interval '1 day'`,
    );
    await billing.work();
    expect(await readMoney(billing, tenant)).toEqual(before);
    expect(before).toMatchObject({ status: 'active', available: 500, payments: 2 });
  });

  it('ordered at once many times, or after no answer, is one at Asaas', async () => {
    const tenant = await billing.newTenant();
    await billing.control('PUT', '/asaas/fault', {
      fault: 'reset_after',
      times: 1,
      method: 'POST',
      path: '/subscriptions',
    });
    const body = { gateway: 'asaas', plan: 'starter', method: 'pix', customer: payer };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => billing.call(tenant, 'POST', '/billing/checkout', body)),
    );
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(billing.sandbox.requests().filter((made) => made === 'POST /asaas/v3/subscriptions')).toHaveLength(1);
  });
});

describe('a subscription by card', () => {
  it('renews by itself, and is overdue while the card is refused', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { plan: 'starter', method: 'card' });
    await billing.control('POST', `/asaas/checkouts/${gatewayId}/pay`, {});
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 500, status: 'active' });
    await billing.advance(33);
    expect(await readMoney(billing, tenant)).toMatchObject({ status: 'active', available: 500, payments: 2 });
    const { rows } = await billing.pool.query(
      `select gateway_customer_id as id from billing_customers where gateway = 'asaas' and organization_id = $1`,
      [tenant.organizationId],
    );
    await billing.control('POST', `/asaas/customers/${rows[0].id}/card`, { outcome: 'declined' });
    await billing.advance(31);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'past_due', payments: 2 });
    await billing.control('POST', `/asaas/customers/${rows[0].id}/card`, { outcome: 'ok' });
    await billing.advance(5);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', status: 'active', payments: 3 });
  });
});

describe('a change of plan', () => {
  it('comes with the next payment, and brings that plan’s credits', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(10);
    const end = (await billing.call(tenant, 'GET', '/subscription')).body.current_period_end;
    const change = await turn(tenant, 'change', { plan: 'professional' });
    expect(change).toMatchObject({ action: 'upgrade', when: 'period_end', effective_at: end });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      next_plan: 'professional',
      available: 500,
    });
    await billing.advance(21);
    await payNext(billing, subscription);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', next_plan: null, available: 2_000 });
    expect((await readInvoices(billing, tenant)).map(({ amount }) => amount).slice(0, 2)).toEqual([4_900, 9_900]);
  });

  it('can be taken back', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await turn(tenant, 'change', { plan: 'professional' });
    expect(await turn(tenant, 'change', { plan: 'starter' })).toMatchObject({ action: 'keep' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', next_plan: null });
    await billing.advance(31);
    await payNext(billing, subscription);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', available: 500 });
  });

  it('to a year is paid for a year, and the payment after it is due in a year', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(5);
    await turn(tenant, 'change', { plan: 'professional', interval: 'year' });
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'starter', next_plan: 'professional' });
    await billing.advance(26);
    await payNext(billing, subscription);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'professional',
      next_plan: null,
      available: 24_000,
    });
    await billing.advance(300);
    expect(await statuses(subscription)).toEqual(['RECEIVED', 'RECEIVED']);
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'professional',
      status: 'active',
      available: 24_000,
    });
  });

  it('leaves what was paid at the old amount what it was', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(3);
    await payNext(billing, subscription);
    await turn(tenant, 'change', { plan: 'professional' });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      next_plan: 'professional',
      available: 1_000,
    });
  });
});

describe('the end of a subscription', () => {
  it('comes with what is paid for, and nothing more is asked for', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.advance(5);
    const end = (await billing.call(tenant, 'GET', '/subscription')).body.current_period_end;
    expect(await turn(tenant, 'cancel')).toMatchObject({ when: 'period_end', effective_at: end });
    expect(await readMoney(billing, tenant)).toMatchObject({
      plan: 'starter',
      status: 'active',
      cancel_at_period_end: true,
    });
    await billing.advance(28);
    await reconcile();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled', live: 0 });
    await billing.advance(60);
    expect(await statuses(subscription)).toEqual(['RECEIVED']);
  });

  it('can be taken back, and the next payment is due as before', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    const end = (await billing.call(tenant, 'GET', '/subscription')).body.current_period_end;
    await turn(tenant, 'cancel');
    await turn(tenant, 'resume');
    expect(await readMoney(billing, tenant)).toMatchObject({ status: 'active', cancel_at_period_end: false });
    await billing.advance(30);
    await payNext(billing, subscription);
    expect((await paymentsOf(billing, subscription)).map(({ dueDate }) => startOfDay(dueDate).toISOString())).toContain(
      end,
    );
    expect(await readMoney(billing, tenant)).toMatchObject({ status: 'active', payments: 2 });
  });

  it('comes at once when it is removed at Asaas', async () => {
    const tenant = await billing.newTenant();
    const subscription = await subscribe(billing, tenant);
    await billing.api('DELETE', `/subscriptions/${subscription}`);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'free', status: 'canceled', available: 500 });
  });

  it('is not to be had as a pause or on a page', async () => {
    const tenant = await billing.newTenant();
    await subscribe(billing, tenant);
    for (const path of ['/subscription/pause', '/billing/portal']) {
      expect(await billing.call(tenant, 'POST', path, {})).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
  });
});

describe('two subscriptions', () => {
  it('do not live together, over both gateways: the one begun last stands, and Asaas asks for nothing more', async () => {
    const tenant = await billing.newTenant();
    const first = await subscribe(billing, tenant);
    // A page of Stripe's that was still open somewhere.
    await billing.pool.query(
      `update subscriptions set status = 'canceled', canceled_at = now() where gateway_id = $1`,
      [first],
    );
    const answer = await billing.call(tenant, 'POST', '/billing/checkout', { gateway: 'stripe', plan: 'professional' });
    expect(answer.status).toBe(201);
    await billing.pool.query(
      `update subscriptions set status = 'active', canceled_at = null, started_at = started_at - interval '1 hour' where gateway_id = $1`,
      [first],
    );
    const { rows } = await billing.pool.query('select gateway_id from checkouts where id = $1', [answer.body.id]);
    await billing.control('POST', `/stripe/checkout/${rows[0].gateway_id}/pay`, {});
    await billing.send(await billing.takeEvents('stripe'), 'stripe');
    await billing.work();
    await billing.settle();
    await billing.advance(1);
    expect(await readMoney(billing, tenant)).toMatchObject({ plan: 'professional', status: 'active', live: 1 });
    expect(await billing.api('GET', `/subscriptions/${first}`)).toMatchObject({ deleted: true });
  });
});
