import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../../devstack/src/ports.ts';
import { startRedis } from '../../../../devstack/src/redis.ts';
import { buyPack, checkoutStatus, order, readInvoices, readMoney, readStuck } from '../../testing/asaas-steps.ts';
import { type AsaasBilling, payer, startAsaas } from '../../testing/start-asaas.ts';

let billing: AsaasBilling;
beforeAll(async () => {
  billing = await startAsaas({ systemVariables, pickFreePorts, startRedis }, 2);
});
beforeEach(() => billing.reset());
afterEach(async () => {
  expect(await billing.violations()).toEqual([]);
});
afterAll(() => billing?.close());

const act = (paymentId: string, path: string, body: Record<string, unknown> = {}) =>
  billing.control('POST', `/asaas/payments/${paymentId}/${path}`, body);
const creations = (path: string) => billing.sandbox.requests().filter((request) => request === `POST /asaas/v3${path}`);

describe('a pack', () => {
  it('by PIX brings a QR code, and its credits once when it is paid, in whatever order and however often Asaas says so', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId, body } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    expect(body).toMatchObject({
      gateway: 'asaas',
      status: 'open',
      amount_cents: 14_900,
      url: expect.stringContaining('/asaas/i/'),
      instructions: {
        type: 'pix',
        qr_code_png: expect.any(String),
        copy_paste: expect.stringContaining('br.gov.bcb.pix'),
      },
    });
    expect(Date.parse(String((body.instructions as Record<string, unknown>).expires_at))).toBeGreaterThan(Date.now());
    await act(gatewayId, 'pay');
    const events = await billing.takeEvents();
    expect(new Set(await billing.send([...events.toReversed(), ...events, ...events]))).toEqual(new Set([200]));
    await billing.work();
    await billing.send(events);
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, plan: 'free', payments: 1 });
    expect(await checkoutStatus(billing, tenant, id)).toBe('completed');
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'paid', amount: 14_900, paid: 14_900 }]);
  });

  it('by boleto brings its line, and its credits when it is paid days later', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId, body } = await order(billing, tenant, { pack: 'credits-5000', method: 'boleto' });
    expect(body.instructions).toMatchObject({
      type: 'boleto',
      line: expect.stringMatching(/^\d{47}$/),
      pdf_url: expect.stringContaining('http'),
    });
    await billing.advance(5);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    await act(gatewayId, 'pay');
    await billing.settle();
    await billing.advance(5);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
    expect(await checkoutStatus(billing, tenant, id)).toBe('completed');
  });

  it('by card brings a page, and its credits once although the money is confirmed and comes a month later', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId, body } = await order(billing, tenant, { pack: 'credits-5000', method: 'card' });
    expect(body).toMatchObject({ url: expect.stringContaining('checkoutSession'), instructions: null });
    await billing.control('POST', `/asaas/checkouts/${gatewayId}/pay`, { outcome: 'declined' });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    await billing.control('POST', `/asaas/checkouts/${gatewayId}/pay`, {});
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
    await billing.advance(40);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
    expect(await checkoutStatus(billing, tenant, id)).toBe('completed');
  });

  it('is paid for on a page that takes PIX as well when no way is named, and found by the page’s own event alone', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000' });
    await billing.control('POST', `/asaas/checkouts/${gatewayId}/pay`, { method: 'pix' });
    const events = await billing.takeEvents();
    await billing.send(events.filter(({ body }) => body.includes('CHECKOUT_PAID')));
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
  });

  it('ordered many times at once over two nodes is one payment at Asaas', async () => {
    const tenant = await billing.newTenant();
    const body = { gateway: 'asaas', pack: 'credits-5000', method: 'pix', customer: payer };
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => billing.call(tenant, 'POST', '/billing/checkout', body, index % 2)),
    );
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(creations('/payments')).toHaveLength(1);
    expect(creations('/customers')).toHaveLength(1);
  });

  it.each(['timeout_after', 'reset_after', '500_after'])(
    'whose making ended in %s is one payment at Asaas',
    async (fault) => {
      const tenant = await billing.newTenant();
      await billing.control('PUT', '/asaas/fault', { fault, times: 1, method: 'POST', path: '/payments' });
      const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
      expect(creations('/payments')).toHaveLength(1);
      await act(gatewayId, 'pay');
      await billing.settle();
      expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
    },
  );

  it('that Asaas could not make can be ordered again at once', async () => {
    const tenant = await billing.newTenant();
    const body = { gateway: 'asaas', pack: 'credits-5000', method: 'pix', customer: payer };
    await billing.control('PUT', '/asaas/fault', { fault: '429', times: 1, method: 'POST', path: '/payments' });
    expect((await billing.call(tenant, 'POST', '/billing/checkout', body)).status).toBe(503);
    expect((await billing.call(tenant, 'POST', '/billing/checkout', body)).status).toBe(201);
  });

  it('that nobody pays in its time ends, and cannot be paid any more', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await billing.settle();
    const gateway = billing.deps.paymentGateways.get('asaas');
    const { rows } = await billing.pool.query('select to_jsonb(c) as c from checkouts c where id = $1', [id]);
    await gateway?.settleCheckout(rows[0].c);
    expect(await checkoutStatus(billing, tenant, id)).toBe('expired');
    await expect(act(gatewayId, 'pay')).rejects.toThrow();
    await billing.settle();
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'void', paid: 0 }]);
  });

  it('whose payment has another amount than the order is set aside, and brings nothing', async () => {
    const tenant = await billing.newTenant();
    const { id, gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await billing.pool.query('update checkouts set amount_cents = amount_cents + 1 where id = $1', [id]);
    await act(gatewayId, 'pay');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 0 });
    expect(await readStuck(billing)).toMatchObject([{ status: 'parked' }, { status: 'parked' }]);
    await billing.pool.query(`delete from payment_events where status = 'parked'`);
  });
});

describe('money that goes back', () => {
  it('takes credits in proportion, and all of them with the rest', async () => {
    const tenant = await billing.newTenant();
    const payment = await buyPack(billing, tenant);
    await act(payment, 'refund', { value: 74.5 });
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 2500 });
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'paid', paid: 7_450 }]);
    await act(payment, 'refund');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, debt: 0 });
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'refunded', paid: 0 }]);
  });

  it('leaves a debt where it was spent, and the next pack pays it', async () => {
    const tenant = await billing.newTenant();
    const payment = await buyPack(billing, tenant);
    await billing.pool.query(
      `select debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[4000::bigint], array['test'], array['spent'], array['test'], array[null::uuid])`,
      [tenant.organizationId],
    );
    await act(payment, 'refund');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, debt: 4000 });
    const job = { model: 'replicate/flux-schnell', input: { prompt: 'a debt' } };
    expect(await billing.call(tenant, 'POST', '/jobs', job)).toMatchObject({
      status: 402,
      body: { code: 'credits_owed' },
    });
    await buyPack(billing, tenant);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 1000, debt: 0 });
  });

  it('and is heard of before the payment itself comes to nothing', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await act(gatewayId, 'pay');
    await act(gatewayId, 'refund');
    const events = await billing.takeEvents();
    await billing.send(events.toReversed());
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0, payments: 1, debt: 0 });
  });

  it('by a chargeback takes the credits until it is reversed', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'card' });
    await billing.control('POST', `/asaas/checkouts/${gatewayId}/pay`, {});
    await billing.settle();
    const { rows } = await billing.pool.query(
      'select gateway_payment_id as id from payments where organization_id = $1',
      [tenant.organizationId],
    );
    const payment = String(rows[0].id);
    await act(payment, 'chargeback');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0 });
    await act(payment, 'chargeback/reverse');
    const events = await billing.takeEvents();
    await billing.send(events.toReversed());
    await billing.work();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, debt: 0, payments: 1 });
  });

  it('because cash was not handed over after all takes the credits, until the payment is paid again', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    await act(gatewayId, 'receive-in-cash');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000 });
    await act(gatewayId, 'receive-in-cash/undo');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0 });
    expect(await readInvoices(billing, tenant)).toMatchObject([{ status: 'open', paid: 0 }]);
    await act(gatewayId, 'pay');
    await billing.settle();
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
  });

  it('is not taken away because of what was asked before it came', async () => {
    const tenant = await billing.newTenant();
    const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
    const { rows } = await billing.pool.query<{ now: Date }>('select clock_timestamp() as now');
    await act(gatewayId, 'receive-in-cash');
    await billing.settle();
    // What Asaas answers now stands for the answer of then, when nothing was paid.
    await act(gatewayId, 'receive-in-cash/undo');
    const [event] = await billing.takeEvents();
    const process = (asOf: Date | undefined) =>
      billing.deps.paymentGateways.get('asaas')?.process({
        gateway: 'asaas',
        event_id: 'late',
        type: 'PAYMENT_CREATED',
        api_version: null,
        payload: String(event?.body),
        attempts: 1,
        claimed_at: asOf ?? new Date(0),
      });
    await process(rows[0]?.now);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000 });
    const later = await billing.pool.query<{ now: Date }>('select clock_timestamp() as now');
    await process(later.rows[0]?.now);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 0 });
  });
});

describe('payments that were not ordered', () => {
  it('are nothing to us when they are somebody else’s, and wait for a person when they are a customer’s of ours', async () => {
    const tenant = await billing.newTenant();
    await buyPack(billing, tenant);
    const stranger = await billing.api('POST', '/customers', { name: 'Rui', cpfCnpj: '24971563792' });
    const dueDate = new Date().toISOString().slice(0, 10);
    const foreign = { customer: stranger.id, billingType: 'PIX', value: 149, dueDate };
    const { rows } = await billing.pool.query(
      `select gateway_customer_id as id from billing_customers where gateway = 'asaas' and organization_id = $1`,
      [tenant.organizationId],
    );
    const own = { ...foreign, customer: rows[0].id };
    for (const body of [foreign, own]) await act(String((await billing.api('POST', '/payments', body)).id), 'pay');
    await billing.settle();
    const stuck = await readStuck(billing);
    expect(stuck.map(({ type }) => type).sort()).toEqual(['PAYMENT_CREATED', 'PAYMENT_RECEIVED']);
    expect(stuck).toMatchObject([{ last_error: expect.stringContaining(String(own.customer)) }, { status: 'parked' }]);
    await billing.pool.query(`delete from payment_events where status = 'parked'`);
    expect(await readMoney(billing, tenant)).toMatchObject({ available: 5000, payments: 1 });
  });
});
