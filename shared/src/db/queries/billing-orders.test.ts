import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  day,
  type Ledger,
  makeAccount,
  openLedger,
  payment,
  readAccount,
  start,
  subscribe,
} from '../../testing/open-ledger.ts';
import type { Organization } from '../../testing/order-jobs.ts';
import {
  applyInvoice,
  applyPayment,
  claimPaymentEvents,
  endPaymentEvent,
  type NewCheckout,
  openCheckout,
  receivePaymentEvent,
} from './billing.ts';

let ledger: Ledger;
let pool: Pool;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'orders');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const order = (organization: Organization, changes: Partial<NewCheckout> = {}) =>
  openCheckout(pool, {
    id: uuidV7(),
    organizationId: organization.id,
    userId: organization.userId,
    gateway: 'stripe',
    planId: null,
    interval: null,
    packId: 'credits-5000',
    method: null,
    makingSeconds: 60,
    expiresAt: day(1),
    now: start,
    ...changes,
  });
const plan = (planId: string, changes: Partial<NewCheckout> = {}): Partial<NewCheckout> => ({
  planId,
  interval: 'month',
  packId: null,
  ...changes,
});

/** What the caller does once the gateway has made the page. */
const setOpen = (id: string) =>
  pool.query(`update checkouts set status = 'open', gateway_id = id::text, url = 'https://x.test' where id = $1`, [id]);

describe('an order', () => {
  it.each([
    ['pack', {}],
    ['plan', plan('starter')],
  ])('of the same %s by twenty at once is one, which one of them makes', async (_, what) => {
    const organization = await makeAccount(pool, 'free');
    const opened = await Promise.all(Array.from({ length: 20 }, () => order(organization, what)));
    expect(opened.filter(({ code }) => code === 'make')).toHaveLength(1);
    expect(opened.filter(({ code }) => code === 'wait')).toHaveLength(19);
    expect(new Set(opened.map(({ checkout }) => checkout?.id)).size).toBe(1);
  });

  it('that nobody finished making is taken over under the same id, and found when it is open', async () => {
    const organization = await makeAccount(pool);
    const first = await order(organization, { makingSeconds: 0 });
    const second = await order(organization);
    expect([first.code, second.code]).toEqual(['make', 'make']);
    expect(second.checkout?.id).toBe(first.checkout?.id);
    expect((await order(organization)).code).toBe('wait');
    await setOpen(first.checkout?.id ?? '');
    expect(await order(organization)).toMatchObject({
      code: 'open',
      checkout: { id: first.checkout?.id, url: 'https://x.test' },
    });
  });

  it('past its end makes room for another', async () => {
    const organization = await makeAccount(pool, 'free');
    const first = await order(organization, plan('starter'));
    const second = await order(organization, plan('starter', { now: day(1), expiresAt: day(2) }));
    expect(second.code).toBe('make');
    expect(second.checkout?.id).not.toBe(first.checkout?.id);
  });

  it('of another plan, interval or gateway is told of the open one; other packs and methods are orders of their own', async () => {
    const organization = await makeAccount(pool, 'free');
    const first = await order(organization, plan('starter'));
    for (const other of [
      plan('professional'),
      plan('starter', { interval: 'year' }),
      plan('starter', { gateway: 'asaas' }),
    ])
      expect(await order(organization, other)).toMatchObject({
        code: 'other_open',
        checkout: { id: first.checkout?.id },
      });
    for (const other of [{}, { packId: 'credits-20000' }, { gateway: 'asaas', method: 'pix' } as const])
      expect((await order(organization, other)).code).toBe('make');
  });

  it('of a plan is refused while there is a subscription, and welcome after it', async () => {
    const organization = await makeAccount(pool, 'free');
    await subscribe(pool, organization, { status: 'past_due' });
    expect((await order(organization, plan('professional'))).code).toBe('subscribed');
    expect((await order(organization)).code).toBe('make');
    await subscribe(pool, organization, { status: 'canceled', asOf: day(1) });
    expect((await order(organization, plan('professional'))).code).toBe('make');
  });

  it('of what has no price, is hidden or is unknown is refused', async () => {
    const organization = await makeAccount(pool, 'free');
    const refused = [plan('free'), plan('enterprise'), plan('nothing'), { packId: 'nothing' }];
    for (const what of refused)
      expect(await order(organization, what)).toMatchObject({ code: 'not_for_sale', checkout: null });
  });

  it('begins with a trial once per organization', async () => {
    const organization = await makeAccount(pool, 'free');
    expect((await order(organization, plan('keeper'))).trial_days).toBe(14);
    await subscribe(pool, organization, { planId: 'keeper', status: 'trialing', trialEnd: day(14) });
    await subscribe(pool, organization, { planId: 'keeper', status: 'canceled', asOf: day(1) });
    expect((await order(organization, plan('keeper'))).trial_days).toBe(0);
  });

  it('keeps what was sold: a pack changed meanwhile is another order, and paying brings what was ordered', async () => {
    const packId = `pack-${randomUUID()}`;
    await pool.query(
      `insert into credit_packs (id, name, credits, price_cents, is_active) values ($1, 'Test', 700, 900, true)`,
      [packId],
    );
    const organization = await makeAccount(pool);
    const { checkout } = await order(organization, { packId });
    await pool.query('update credit_packs set price_cents = 1800, credits = 800 where id = $1', [packId]);
    expect(await order(organization, { packId })).toMatchObject({
      code: 'other_open',
      checkout: { id: checkout?.id, credits: 700, amount_cents: 900 },
    });
    await applyPayment(pool, payment(organization, checkout?.credits ?? 0, null, { checkoutId: checkout?.id ?? null }));
    const { rows } = await pool.query(
      'select status, completed_at is not null as is_dated from checkouts where id = $1',
      [checkout?.id],
    );
    expect(rows).toEqual([{ status: 'completed', is_dated: true }]);
    expect((await readAccount(pool, organization)).balance).toBe(700);
    expect(await order(organization, { packId })).toMatchObject({ code: 'make', checkout: { amount_cents: 1800 } });
  });
});

describe('an invoice', () => {
  it('is what was asked last, and told as paid once, although ten say so at once', async () => {
    const organization = await makeAccount(pool);
    const say = (days: number, status: 'open' | 'paid') =>
      applyInvoice(pool, {
        organizationId: organization.id,
        gateway: 'stripe',
        gatewayId: `in_${organization.id}`,
        asOf: day(days),
        state: {
          number: 'A-1',
          status,
          amount_cents: 4900,
          amount_paid_cents: status === 'paid' ? 4900 : 0,
          currency: 'BRL',
          description: null,
          period_start: start.toISOString(),
          period_end: day(31).toISOString(),
          due_at: null,
          paid_at: status === 'paid' ? day(days).toISOString() : null,
          hosted_url: null,
          pdf_url: null,
          issued_at: start.toISOString(),
        },
      });
    await say(1, 'open');
    await Promise.all(Array.from({ length: 10 }, () => say(3, 'paid')));
    await say(2, 'open');
    const { rows } = await pool.query(
      'select status, paid_at, amount_paid_cents from invoices where organization_id = $1',
      [organization.id],
    );
    expect(rows).toEqual([{ status: 'paid', paid_at: day(3), amount_paid_cents: 4900 }]);
    const told = await pool.query(`select type from events where organization_id = $1 and type = 'invoice.paid'`, [
      organization.id,
    ]);
    expect(told.rows).toHaveLength(1);
  });
});

describe('the inbox', () => {
  beforeEach(async () => {
    await pool.query('delete from payment_events');
  });
  const receive = (id: string) =>
    receivePaymentEvent(pool, {
      gateway: 'stripe',
      id,
      type: 'invoice.paid',
      apiVersion: null,
      payload: `{"id":"${id}"}`,
    });
  const statusOf = async (id: string): Promise<string> =>
    (await pool.query('select status from payment_events where event_id = $1', [id])).rows[0]?.status;

  it('keeps an event once, although twenty bring it at once, word for word', async () => {
    const news = await Promise.all(Array.from({ length: 20 }, () => receive('evt_1')));
    expect(news.filter(Boolean)).toHaveLength(1);
    expect(await claimPaymentEvents(pool, 10, 60)).toMatchObject([{ payload: '{"id":"evt_1"}', attempts: 1 }]);
    expect(await receive('evt_1')).toBe(false);
  });

  it('gives every event to one of eight workers, and gives it back when the lease is over', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `evt_${index}`);
    for (const id of ids) await receive(id);
    const taken = (await Promise.all(Array.from({ length: 8 }, () => claimPaymentEvents(pool, 10, 60)))).flat();
    expect(new Set(taken.map((event) => event.event_id)).size).toBe(taken.length);
    const rest = await claimPaymentEvents(pool, 100, 0);
    expect([...taken, ...rest].map((event) => event.event_id).sort()).toEqual(ids.sort());
    await pool.query(`update payment_events set next_attempt_at = clock_timestamp() - interval '1 second'`);
    expect((await claimPaymentEvents(pool, 100, 60)).map((event) => event.attempts)).toEqual(ids.map(() => 2));
    expect(await claimPaymentEvents(pool, 100, 60)).toEqual([]);
  });

  it('tries again when told to, and never what is processed, ignored or parked', async () => {
    for (const id of ['done', 'ignored', 'parked', 'again', 'later']) await receive(id);
    await claimPaymentEvents(pool, 10, 60);
    const end = (id: string, how: Parameters<typeof endPaymentEvent>[2]) =>
      endPaymentEvent(pool, { gateway: 'stripe', event_id: id }, how);
    await end('done', { status: 'processed' });
    await end('ignored', { status: 'ignored' });
    await end('parked', { status: 'parked', error: 'x'.repeat(5000) });
    await end('again', { status: 'received', error: 'not yet', retrySeconds: 0 });
    await end('later', { status: 'received', error: 'not yet', retrySeconds: 60 });
    expect((await claimPaymentEvents(pool, 10, 60)).map((event) => event.event_id)).toEqual(['again']);
    await end('parked', { status: 'processed' });
    expect(await statusOf('parked')).toBe('parked');
    expect(await statusOf('done')).toBe('processed');
  });
});
