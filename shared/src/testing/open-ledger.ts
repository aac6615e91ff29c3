import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { openDatabase } from '../db/database.ts';
import { runMigrations } from '../db/migrate/run-migrations.ts';
import {
  type AppliedPayment,
  applyClaim,
  applyPayment,
  applySubscription,
  type PaymentClaim,
  type SubscriptionState,
} from '../db/queries/billing.ts';
import { beginJobs, openAttempts, releaseJobs, settleJobs } from '../db/queries/job-lifecycle.ts';
import { type Reservation, reserveJobs } from '../db/queries/reserve-jobs.ts';
import { type Organization, opened, reservation, settlement } from './order-jobs.ts';

/** For tests of money: a database in which months can pass without anybody else noticing, and short words for its functions. */
export interface Ledger {
  pool: Pool;
  /** Every rule of verify_ledger that is broken. */
  violations(): Promise<unknown[]>;
  close(): Promise<void>;
}

/** When these accounts begin. */
export const start = new Date('2030-01-05T00:00:00Z');

export const day = (days: number, from: Date = start): Date => new Date(from.getTime() + days * 86_400_000);

/** @param databaseUrl of the stack, beside whose database a new one of this name is made and dropped again. */
export async function openLedger(databaseUrl: string, subject: string): Promise<Ledger> {
  const name = `${subject}_${process.pid}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const open = (at: string, poolMax: number) =>
    openDatabase({ url: at, poolMax, applicationName: 'test', onError: () => {} });
  const owner = open(databaseUrl, 1);
  await owner.pool.query(`create database ${name} template template0`);
  await runMigrations({ databaseUrl: url.href, log: () => {} });
  const { pool, close } = open(url.href, 10);
  await pool.query(
    `insert into plans (id, name, price_month_cents, price_year_cents, monthly_credits, limits, features, carry_over_max, trial_days, trial_credits)
     select 'keeper', 'Keeper', 9900, 95000, 100, p.limits, p.features, 60, 14, 40 from plans p where p.id = 'professional'`,
  );
  return {
    pool,
    async violations() {
      return (await pool.query('select * from public.verify_ledger()')).rows;
    },
    async close() {
      await close();
      await owner.pool.query(`drop database if exists ${name} with (force)`);
      await owner.close();
    },
  };
}

/** An organization without credits or limits, whose months count from `anchor`. */
export async function makeAccount(pool: Pool, planId = 'enterprise', anchor: Date = start): Promise<Organization> {
  const userId = randomUUID();
  const { rows } = await pool.query('select organization_id from authenticate_user($1, $2, null)', [
    userId,
    `${userId}@test.test`,
  ]);
  const id: string = rows[0].organization_id;
  await pool.query(
    `select * from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[50::bigint], array['t'], array['start'], array['t'],
      array[null::uuid])`,
    [id],
  );
  await pool.query(
    `update organizations set plan_id = $2, custom_limits = '{"images_per_month": -1, "concurrent_jobs": -1}' where id = $1`,
    [id, planId],
  );
  await pool.query(
    `update credit_balances set period_anchor = $2::timestamptz, period_start = $2::timestamptz,
       period_end = ($2::timestamptz at time zone 'UTC' + interval '1 month') at time zone 'UTC' where organization_id = $1`,
    [id, anchor],
  );
  return { id, userId };
}

export interface Account {
  balance: number;
  available: number;
  held: number;
  debt: number;
  period_start: Date;
  period_end: Date;
  period_credits_used: number;
  period_images: number;
  active_jobs: number;
}

export async function readAccount(pool: Pool, organization: Organization): Promise<Account> {
  const { rows } = await pool.query<Account>(
    `select balance, available, held, debt, period_start, period_end, period_credits_used, period_images, active_jobs
     from credit_balances where organization_id = $1`,
    [organization.id],
  );
  if (rows[0] === undefined) throw new Error('no account');
  return rows[0];
}

/** What is left of each grant, in spending order. */
export async function readGrants(
  pool: Pool,
  organization: Organization,
): Promise<{ source: string; reference: string; remaining: number; expires_at: Date | null }[]> {
  const { rows } = await pool.query(
    `select source, reference_id as reference, remaining, expires_at from credit_grants
     where organization_id = $1 and remaining > 0 order by expires_at nulls last, created_at, id`,
    [organization.id],
  );
  return rows;
}

/** A payment of so many credits for as many cents, which end when `expiresAt` says. */
export function payment(
  organization: Organization,
  credits: number,
  expiresAt: Date | null = null,
  changes: Partial<AppliedPayment> = {},
): AppliedPayment {
  const id = `pay_${randomUUID()}`;
  return {
    organizationId: organization.id,
    gateway: 'stripe',
    paymentId: id,
    chargeId: `ch_${id}`,
    kind: expiresAt === null ? 'pack' : 'subscription',
    amountCents: credits,
    currency: 'BRL',
    paidAt: start,
    lines: [{ reference: `${id}:1`, credits, expires_at: expiresAt?.toISOString() ?? null, description: 'Credits' }],
    checkoutId: null,
    ...changes,
  };
}

/** Pays, and returns what it is known by. */
export async function pay(
  pool: Pool,
  organization: Organization,
  credits: number,
  expiresAt: Date | null = null,
): Promise<string> {
  const made = payment(organization, credits, expiresAt);
  const code = await applyPayment(pool, made);
  if (code !== 'granted') throw new Error(code);
  return made.paymentId;
}

export const claim = (
  pool: Pool,
  paymentReference: string,
  amountCents: number,
  changes: Partial<PaymentClaim> = {},
): ReturnType<typeof applyClaim> =>
  applyClaim(pool, {
    gateway: 'stripe',
    claimId: `re_${paymentReference}`,
    paymentReference,
    kind: 'refund',
    amountCents,
    isActive: true,
    asOf: start,
    ...changes,
  });

/** A month of a subscription that has just been paid. */
export const subscribe = (
  pool: Pool,
  organization: Organization,
  changes: Partial<SubscriptionState> = {},
): ReturnType<typeof applySubscription> =>
  applySubscription(pool, {
    organizationId: organization.id,
    gateway: 'stripe',
    gatewayId: `sub_${organization.id}`,
    planId: 'starter',
    status: 'active',
    interval: 'month',
    startedAt: start,
    periodStart: start,
    periodEnd: day(31),
    trialEnd: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    nextPlanId: null,
    graceDays: 7,
    asOf: start,
    now: start,
    ...changes,
  });

/** Orders a job and returns its id. */
export async function hold(
  pool: Pool,
  organization: Organization,
  credits: number,
  changes: Partial<Reservation> = {},
): Promise<string> {
  const item = reservation(organization, { credits, ...changes });
  const [result] = await reserveJobs(pool, [item]);
  if (result?.code !== 'admitted') throw new Error(result?.code);
  return item.id;
}

/** Ends a job with a result that costs so many credits. */
export async function settle(pool: Pool, id: string, credits: number): Promise<void> {
  const [begun] = await beginJobs(pool, [{ id, leaseToken: null }], { worker: 't', leaseSeconds: 600 });
  const leaseToken = begun?.lease_token ?? '';
  await openAttempts(pool, [opened({ id, leaseToken })]);
  await settleJobs(pool, [settlement(id, leaseToken, credits)]);
}

/** Ends a job without a result. */
export async function release(pool: Pool, id: string): Promise<void> {
  await releaseJobs(pool, [{ id, leaseToken: null, status: 'canceled' }]);
}
