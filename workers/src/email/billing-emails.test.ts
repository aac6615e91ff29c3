import { randomUUID } from 'node:crypto';
import { applySubscription, type SubscriptionState } from '@base/shared/db/queries/billing';
import { type Ledger, openLedger } from '@base/shared/testing/open-ledger';
import { makeOrganization, type Organization } from '@base/shared/testing/order-jobs';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { readOutbox } from '../testing/read-outbox.ts';

let ledger: Ledger;
let pool: Pool;
let organization: Organization;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'billing_emails');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
beforeEach(async () => {
  organization = await makeOrganization(pool, 200, 100);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const written = () => readOutbox(pool, organization.id);

it('tells of a subscription that begins in trial, is about to be paid, fails to be, and ends', async () => {
  const now = new Date();
  const days = (count: number) => new Date(now.getTime() + count * 86_400_000);
  const state: SubscriptionState = {
    organizationId: organization.id,
    gateway: 'stripe',
    gatewayId: `sub_${randomUUID()}`,
    planId: 'business',
    status: 'trialing',
    interval: 'month',
    startedAt: now,
    periodStart: now,
    periodEnd: days(14),
    trialEnd: days(14),
    cancelAtPeriodEnd: false,
    canceledAt: null,
    nextPlanId: null,
    graceDays: 7,
    asOf: now,
    now,
  };
  const apply = async (changes: Partial<SubscriptionState>) => {
    const asOf = (await pool.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]?.now ?? now;
    expect(await applySubscription(pool, { ...state, ...changes, asOf })).toBe('applied');
  };
  await apply({});
  await apply({});
  await apply({ status: 'active', periodEnd: days(44) });
  await apply({ status: 'past_due', periodEnd: days(44) });
  await apply({ status: 'past_due', periodEnd: days(44) });
  await apply({ status: 'active', periodEnd: days(44) });
  await apply({ status: 'active', periodEnd: days(44), cancelAtPeriodEnd: true });
  await apply({ status: 'canceled', periodEnd: days(44), cancelAtPeriodEnd: true, canceledAt: days(44) });
  expect(await written()).toEqual([
    {
      template: 'subscription_confirmed',
      subject: 'Your trial of the Business plan has begun',
      status: 'pending',
      hours: 0,
    },
    expect.objectContaining({ template: 'trial_ending', hours: 11 * 24 }),
    { template: 'payment_failed', subject: 'Payment for the Business plan failed', status: 'pending', hours: 0 },
    {
      template: 'subscription_canceled',
      subject: 'Your Business subscription is canceled',
      status: 'pending',
      hours: 0,
    },
  ]);
  // Paid long since, and canceled: what was to come is not wanted any more.
  await pool.query(
    `update email_outbox set next_attempt_at = clock_timestamp(), due_at = clock_timestamp() where organization_id = $1`,
    [organization.id],
  );
  const { rows } = await pool.query('select template from claim_emails(100, 60, 8)');
  expect(rows.map(({ template }) => template)).not.toContain('trial_ending');
  expect(rows.map(({ template }) => template)).not.toContain('payment_failed');
});

it('tells once of a plan that is lost because nobody paid', async () => {
  const at = (text: string) => new Date(text);
  const state = {
    organizationId: organization.id,
    gateway: 'stripe',
    gatewayId: `sub_${randomUUID()}`,
    planId: 'starter',
    interval: 'year',
    startedAt: at('2026-01-01'),
    periodStart: at('2026-01-01'),
    periodEnd: at('2027-01-01'),
    trialEnd: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    nextPlanId: null,
    graceDays: 7,
  } as const;
  await applySubscription(pool, { ...state, status: 'active', asOf: at('2026-01-01'), now: at('2026-01-01') });
  await applySubscription(pool, { ...state, status: 'past_due', asOf: at('2026-02-01'), now: at('2026-02-01') });
  await pool.query('select lapse_subscriptions($1, 10)', [at('2026-02-20')]);
  await applySubscription(pool, {
    ...state,
    status: 'canceled',
    canceledAt: at('2026-03-01'),
    asOf: at('2026-03-01'),
    now: at('2026-03-01'),
  });
  expect((await written()).map(({ template }) => template)).toEqual([
    'subscription_confirmed',
    'payment_failed',
    'subscription_canceled',
  ]);
});

it('tells of a top-up that was declined, and of a webhook that was switched off', async () => {
  const [topup, webhook] = [randomUUID(), randomUUID()];
  await pool.query(
    `insert into auto_topups (organization_id, threshold_credits, pack_id, daily_cap_cents, monthly_cap_cents)
     select $1, 10, id, 100000, 100000 from credit_packs limit 1`,
    [organization.id],
  );
  await pool.query(
    `insert into topups (id, organization_id, pack_id, credits, amount_cents, paying_until, created_at)
     select $1, $2, id, credits, price_cents, now(), now() from credit_packs limit 1`,
    [topup, organization.id],
  );
  await pool.query(`select end_topup($1, null, 'card_declined', now())`, [topup]);
  await pool.query(
    `insert into webhooks (id, organization_id, created_by, url, secret_ciphertext) values ($1, $2, $3, 'https://hooks.example.com/in', '')`,
    [webhook, organization.id, organization.userId],
  );
  await pool.query(`select disable_webhook($1, 'failing')`, [webhook]);
  expect((await written()).map(({ subject }) => subject)).toEqual([
    'Your automatic top-up was not paid',
    'Webhook switched off: hooks.example.com',
  ]);
});
