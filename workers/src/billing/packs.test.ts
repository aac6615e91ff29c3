import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { buy, customerOf, expectReplayed, lastCharge, order, readInbox, readMoney } from '../testing/billing-steps.ts';
import { type Billing, startBilling } from '../testing/start-billing.ts';

let billing: Billing;
beforeAll(async () => {
  billing = await startBilling({ systemVariables, pickFreePorts, startRedis });
});
afterAll(() => billing?.close());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});

const pay = (sessionId: string, body: Record<string, unknown> = {}) =>
  billing.control('POST', `/stripe/checkout/${sessionId}/pay`, body);

describe('packs', () => {
  it('gives the credits of a pack paid by card once, however often and in whatever order Stripe tells of it', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await pay(checkout.sessionId);
    const events = await billing.takeEvents();
    await billing.send([...events.toReversed(), ...events, ...events]);
    await billing.work();
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, plan: 'free', payments: 1 });
    const { body } = await billing.call(tenant, 'GET', `/billing/checkouts/${checkout.id}`);
    expect(body).toMatchObject({ status: 'completed', url: null, completed_at: expect.any(String) });
  });

  it('gives nothing for a boleto until it is paid, and shows the voucher meanwhile', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await pay(checkout.sessionId, { method: 'boleto' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    const again = await billing.call(tenant, 'POST', '/billing/checkout', { pack: 'credits-5000' });
    expect(again).toMatchObject({
      status: 200,
      body: { id: checkout.id, status: 'open', instructions: { type: 'boleto', number: expect.any(String) } },
    });
    await billing.advance(5);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
  });

  it('ends an order whose boleto was not paid, and gives nothing for it', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await pay(checkout.sessionId, { method: 'boleto', outcome: 'declined' });
    await billing.settle();
    await billing.advance(5);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    expect((await billing.call(tenant, 'GET', `/billing/checkouts/${checkout.id}`)).body.status).toBe('failed');
  });

  it('gives nothing for a card that is declined, and what a second card pays for', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await pay(checkout.sessionId, { outcome: 'declined' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    await pay(checkout.sessionId);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
  });

  it('ends an order that nobody paid in a day', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await billing.advance(2);
    expect((await billing.call(tenant, 'GET', `/billing/checkouts/${checkout.id}`)).body.status).toBe('expired');
    const next = await order(billing, tenant, { pack: 'credits-5000' });
    expect(next.sessionId).not.toBe(checkout.sessionId);
  });

  it('sets an event aside when less was paid than the order is for, and gives nothing', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    await billing.pool.query('update checkouts set amount_cents = amount_cents + 1 where id = $1', [checkout.id]);
    await pay(checkout.sessionId);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    expect(await readInbox(billing)).toMatchObject([{ type: 'checkout.session.completed', status: 'parked' }]);
    await billing.pool.query(`delete from payment_events where status = 'parked'`);
  });

  it('gives nothing for a payment of somebody else’s page that names an order', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-100000' });
    const { stripe } = billing;
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      client_reference_id: checkout.id,
      line_items: [
        { quantity: 1, price_data: { currency: 'brl', unit_amount: 199_900, product_data: { name: 'Something' } } },
      ],
      success_url: 'https://elsewhere.test/',
    });
    await pay(session.id);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    expect(await readInbox(billing)).toMatchObject([{ last_error: expect.stringContaining('not its own') }]);
    await billing.pool.query(`delete from payment_events where status = 'parked'`);
  });

  it('makes a new customer when Stripe has deleted the old one', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    const old = await customerOf(billing, tenant);
    await billing.control('DELETE', `/stripe/customers/${old}`);
    // Before and after we are told.
    const checkout = await order(billing, tenant, { pack: 'credits-20000' });
    await billing.settle();
    await pay(checkout.sessionId);
    await billing.settle();
    expect(await customerOf(billing, tenant)).not.toBe(old);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 25_000, payments: 2 });
  });
});

describe('refunds', () => {
  it('takes the credits of a refund in proportion, all of them with the rest, and gives them back when it fails', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    const charge = await lastCharge(billing, tenant);
    await billing.control('POST', `/stripe/payment_intents/${charge}/refund`, { amount: 7_450 });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 2_500, claims: 1 });
    const rest = await billing.control('POST', `/stripe/payment_intents/${charge}/refund`, {});
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, claims: 2 });
    await billing.control('POST', `/stripe/refunds/${rest.id}/fail`);
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 2_500, debt: 0 });
  });

  it('takes what was spent as a debt, refuses jobs for it, and has it paid by the next pack', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    await billing.pool.query(
      `select debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[4000::bigint], array['test'], array['spent'], array['test'], array[null::uuid])`,
      [tenant.organizationId],
    );
    await billing.control('POST', `/stripe/payment_intents/${await lastCharge(billing, tenant)}/refund`, {});
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, debt: 4_000 });
    const job = { model: 'replicate/flux-schnell', input: { prompt: 'a debt' } };
    const refused = await billing.call(tenant, 'POST', '/jobs', job);
    expect(refused).toMatchObject({ status: 402, body: { code: 'credits_owed' } });
    await buy(billing, tenant, { pack: 'credits-20000' });
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 16_000, debt: 0 });
  });

  it('comes to the same when Stripe tells of a refund before the payment', async () => {
    const tenant = await billing.newTenant();
    const checkout = await order(billing, tenant, { pack: 'credits-5000' });
    const paid = await pay(checkout.sessionId);
    const payment = await billing.takeEvents();
    await billing.control('POST', `/stripe/payment_intents/${paid.payment_intent}/refund`, { amount: 7_450 });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 2_500, payments: 1, claims: 1 });
    await billing.send(payment);
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 2_500, payments: 1, claims: 1 });
  });
});

describe('disputes', () => {
  it('takes the credits of a disputed payment, and gives them back when the dispute is won', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    const dispute = await billing.control(
      'POST',
      `/stripe/payment_intents/${await lastCharge(billing, tenant)}/dispute`,
    );
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, claims: 1 });
    await billing.control('POST', `/stripe/disputes/${dispute.id}/close`, { outcome: 'won' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000 });
  });

  it('keeps the credits of a dispute that is lost', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    const dispute = await billing.control(
      'POST',
      `/stripe/payment_intents/${await lastCharge(billing, tenant)}/dispute`,
    );
    await billing.control('POST', `/stripe/disputes/${dispute.id}/close`, { outcome: 'lost' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, claims: 1 });
  });

  it('takes nothing for an inquiry', async () => {
    const tenant = await billing.newTenant();
    await buy(billing, tenant, { pack: 'credits-5000' });
    const charge = await lastCharge(billing, tenant);
    await billing.control('POST', `/stripe/payment_intents/${charge}/dispute`, { inquiry: true });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5_000, claims: 1 });
  });
});

it('changes nothing when all of it is told again, in any order', async () => {
  await expectReplayed(billing, [
    'checkout.session.completed',
    'checkout.session.async_payment_succeeded',
    'checkout.session.async_payment_failed',
    'checkout.session.expired',
    'customer.deleted',
    'refund.created',
    'refund.updated',
    'refund.failed',
    'charge.refunded',
    'charge.dispute.created',
    'charge.dispute.updated',
    'charge.dispute.closed',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.funds_reinstated',
  ]);
});
