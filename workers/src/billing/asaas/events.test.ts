import { randomUUID } from 'node:crypto';
import { asaasSandboxToken } from '@base/shared/testing/sandbox-variables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../../devstack/src/ports.ts';
import { startRedis } from '../../../../devstack/src/redis.ts';
import { buyPack, checkoutStatus, order, readInvoices, readMoney, readStuck } from '../../testing/asaas-steps.ts';
import { shuffle } from '../../testing/billing-steps.ts';
import { type AsaasBilling, type HeldEvent, startAsaas } from '../../testing/start-asaas.ts';
import type { Tenant } from '../../testing/tenant.ts';
import { processBatch } from '../process-payment-events.ts';

let billing: AsaasBilling;
beforeAll(async () => {
  billing = await startAsaas({ systemVariables, pickFreePorts, startRedis });
});
beforeEach(async () => {
  await billing.reset();
  await billing.pool.query('delete from payment_events');
});
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});
afterAll(() => billing?.close());

const act = (paymentId: string, path: string, body: Record<string, unknown> = {}) =>
  billing.control('POST', `/asaas/payments/${paymentId}/${path}`, body);
const typeOf = ({ body }: Pick<HeldEvent, 'body'>) => String((JSON.parse(body) as Record<string, unknown>).event);

/** An event that Asaas might send about something. */
function tell(event: string, about: Record<string, unknown>): Pick<HeldEvent, 'body' | 'headers'> {
  const body = JSON.stringify({ id: `evt_${randomUUID()}&1`, event, dateCreated: '2026-06-12 16:45:03', ...about });
  return { body, headers: { 'content-type': 'application/json', 'asaas-access-token': asaasSandboxToken } };
}

async function endsOf(type: string): Promise<string[]> {
  const { rows } = await billing.pool.query('select status from payment_events where type = $1', [type]);
  return rows.map(({ status }) => status);
}

/** All that this tenant's money is made of, but for when it was last looked at. */
async function readWorld({ organizationId }: Tenant): Promise<unknown> {
  const { rows } = await billing.pool.query(
    `select (select to_jsonb(b) - 'updated_at' from credit_balances b where b.organization_id = $1) as balance,
       (select jsonb_agg(to_jsonb(t) order by t.id) from credit_transactions t where t.organization_id = $1) as transactions,
       (select jsonb_agg(to_jsonb(p) order by p.id) from payments p where p.organization_id = $1) as payments,
       (select jsonb_agg(to_jsonb(c) - 'as_of' order by c.claim_id) from payment_claims c where c.organization_id = $1) as claims,
       (select jsonb_agg(to_jsonb(s) - 'as_of' - 'updated_at' order by s.id) from subscriptions s where s.organization_id = $1) as subscriptions,
       (select jsonb_agg(to_jsonb(i) - 'as_of' order by i.id) from invoices i where i.organization_id = $1) as invoices,
       (select jsonb_agg(jsonb_build_object('id', c.id, 'status', c.status) order by c.id) from checkouts c where c.organization_id = $1) as checkouts,
       (select jsonb_agg(to_jsonb(e) order by e.id) from events e where e.organization_id = $1) as events`,
    [organizationId],
  );
  return rows[0];
}

/** Makes all that can happen to payments, a subscription and pages happen, and gives what Asaas has to say of it. */
async function liveThroughAll(tenant: Tenant): Promise<HeldEvent[]> {
  const pack = (body: Record<string, unknown>) => order(billing, tenant, { method: 'pix', ...body });
  const one = await pack({ pack: 'credits-5000' });
  await act(one.gatewayId, 'pay');
  await act(one.gatewayId, 'refund', { value: 29.8 });
  await act(one.gatewayId, 'chargeback');
  await act(one.gatewayId, 'chargeback/reverse');
  const two = await pack({ pack: 'credits-20000' });
  await act(two.gatewayId, 'receive-in-cash');
  await act(two.gatewayId, 'receive-in-cash/undo');
  const three = await pack({ pack: 'credits-100000' });
  await act(three.gatewayId, 'pay');
  await act(three.gatewayId, 'refund');
  const page = await order(billing, tenant, { pack: 'credits-5000', method: 'card' });
  await billing.control('POST', `/asaas/checkouts/${page.gatewayId}/pay`, {});
  const canceled = await order(billing, tenant, { pack: 'credits-20000', method: 'card' });
  await billing.api('POST', `/checkouts/${canceled.gatewayId}/cancel`);
  await order(billing, tenant, { pack: 'credits-100000', method: 'card' });
  const plan = await order(billing, tenant, { plan: 'starter', method: 'pix' });
  const { data } = await billing.api('GET', `/subscriptions/${plan.gatewayId}/payments`);
  const [first] = data as { id: string }[]; // the sandbox's own form
  await act(String(first?.id), 'pay');
  const deleted = await pack({ pack: 'credits-5000', method: 'boleto' });
  await billing.api('DELETE', `/payments/${deleted.gatewayId}`);
  const now = new Date(Date.now() + 45 * 86_400_000).toISOString();
  await billing.control('PUT', '/clock', { now });
  await billing.api('PUT', `/subscriptions/${plan.gatewayId}`, { value: 49, updatePendingPayments: true });
  await billing.api('PUT', `/subscriptions/${plan.gatewayId}`, { status: 'INACTIVE' });
  await billing.api('DELETE', `/subscriptions/${plan.gatewayId}`);
  return billing.takeEvents();
}

describe('everything that Asaas tells', () => {
  it('comes to the same in any order and any number of times, and each type is carried out', async () => {
    const tenant = await billing.newTenant();
    const events = await liveThroughAll(tenant);
    await billing.send(shuffle([...events, ...events]));
    await billing.work();
    expect(await readStuck(billing)).toEqual([]);
    const types = new Set(events.map(typeOf));
    expect([...types].sort()).toEqual(
      [
        'CHECKOUT_CANCELED',
        'CHECKOUT_CREATED',
        'CHECKOUT_EXPIRED',
        'CHECKOUT_PAID',
        'PAYMENT_AWAITING_CHARGEBACK_REVERSAL',
        'PAYMENT_CHARGEBACK_DISPUTE',
        'PAYMENT_CHARGEBACK_REQUESTED',
        'PAYMENT_CONFIRMED',
        'PAYMENT_CREATED',
        'PAYMENT_DELETED',
        'PAYMENT_OVERDUE',
        'PAYMENT_PARTIALLY_REFUNDED',
        'PAYMENT_RECEIVED',
        'PAYMENT_RECEIVED_IN_CASH_UNDONE',
        'PAYMENT_REFUNDED',
        'PAYMENT_UPDATED',
        'SUBSCRIPTION_CREATED',
        'SUBSCRIPTION_DELETED',
        'SUBSCRIPTION_INACTIVATED',
        'SUBSCRIPTION_UPDATED',
      ].sort(),
    );
    for (const type of types)
      expect(await endsOf(type), type).not.toContain(type === 'CHECKOUT_CREATED' ? 'processed' : 'ignored');
    // 4,000 of the first pack, 5,000 of the page, 500 of the plan's first month, which has ended unpaid since.
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 9_500, payments: 4, plan: 'free', debt: 0 });
    const world = await readWorld(tenant);
    for (let round = 0; round < 3; round += 1) {
      await billing.pool.query(
        `update payment_events set status = 'received', ended_at = null, attempts = 0, received_at = received_at + random() * interval '1 day'`,
      );
      await billing.work();
      expect(await readWorld(tenant)).toEqual(world);
    }
  });

  it.each([
    'PAYMENT_AWAITING_RISK_ANALYSIS',
    'PAYMENT_APPROVED_BY_RISK_ANALYSIS',
    'PAYMENT_REPROVED_BY_RISK_ANALYSIS',
    'PAYMENT_AUTHORIZED',
    'PAYMENT_CREDIT_CARD_CAPTURE_REFUSED',
    'PAYMENT_ANTICIPATED',
    'PAYMENT_DUNNING_REQUESTED',
    'PAYMENT_BANK_SLIP_VIEWED',
    'PAYMENT_CHECKOUT_VIEWED',
    'SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK',
    'CHECKOUT_CREATED',
    'INVOICE_CREATED',
    'SOMETHING_NEW',
  ])('%s is kept and changes nothing', async (type) => {
    const tenant = await billing.newTenant();
    const payment = await buyPack(billing, tenant);
    const world = await readWorld(tenant);
    await billing.send([tell(type, { payment: { id: payment } })]);
    await billing.work();
    expect(await endsOf(type)).toEqual(['ignored']);
    expect(await readWorld(tenant)).toEqual(world);
  });

  it.each([
    'PAYMENT_UPDATED',
    'PAYMENT_RESTORED',
    'PAYMENT_REFUND_IN_PROGRESS',
    'PAYMENT_REFUND_DENIED',
    'PAYMENT_DUNNING_RECEIVED',
  ])('%s only makes us look: what counts is what Asaas answers', async (type) => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await act(gatewayId, 'pay');
    await billing.takeEvents();
    // Its own copy lies, and is of a shape that was never documented.
    const event = tell(type, { payment: { id: gatewayId, value: 9_999_999, status: 'REFUNDED', refunds: 'none' } });
    await billing.send([event, event]);
    await billing.work();
    expect(await endsOf(type)).toEqual(['processed']);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000, payments: 1 });
  });

  it('of things that Asaas does not have is ignored', async () => {
    await billing.send([
      tell('PAYMENT_RECEIVED', { payment: { id: 'pay_0000000000000000' } }),
      tell('SUBSCRIPTION_DELETED', { subscription: { id: 'sub_0000000000000000' } }),
      tell('CHECKOUT_PAID', { checkout: { id: randomUUID() } }),
      tell('CHECKOUT_EXPIRED', { checkout: { id: randomUUID() } }),
    ]);
    await billing.work();
    expect(await readStuck(billing)).toEqual([]);
  });

  it('that names nothing, or is no event, waits for a person and holds nothing up', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await act(gatewayId, 'pay');
    const { headers } = tell('PAYMENT_RECEIVED', {});
    await billing.send([tell('PAYMENT_RECEIVED', {}), tell('PAYMENT_RECEIVED', { payment: { id: '../customers' } })]);
    expect(await billing.send([{ headers, body: '{"id": ' }])).toEqual([200]);
    await billing.settle();
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000 });
    expect((await readStuck(billing)).map(({ type, status }) => `${type} ${status}`).sort()).toEqual([
      'MALFORMED parked',
      'PAYMENT_RECEIVED parked',
    ]);
  });

  it('an order whose payment is deleted ends, and is open again when it is restored', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await billing.pool.query(`update checkouts set status = 'expired' where id = $1`, [id]);
    await billing.send([tell('PAYMENT_RESTORED', { payment: { id: gatewayId } })]);
    await billing.work();
    expect(await checkoutStatus(billing, tenant, id)).toBe('open');
    await billing.api('DELETE', `/payments/${gatewayId}`);
    await billing.settle();
    expect(await checkoutStatus(billing, tenant, id)).toBe('expired');
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'void' }]);
  });

  it('waits while Asaas is away, and is carried out afterwards', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await act(gatewayId, 'pay');
    await billing.control('PUT', '/asaas/fault', { fault: '503', times: 100, method: 'GET' });
    await billing.send(await billing.takeEvents());
    // However often that was.
    await billing.pool.query(`update payment_events set attempts = 20, next_attempt_at = clock_timestamp()`);
    await processBatch(billing.deps);
    expect((await readStuck(billing)).every(({ status }) => status === 'received')).toBe(true);
    await billing.control('PUT', '/asaas/fault', { fault: null });
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000, payments: 1 });
  });
});
