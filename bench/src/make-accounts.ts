import { describeApiKey, hashApiKey, makeApiKey } from '@base/shared/crypto/api-key';
import type { Database } from '@base/shared/db/database';
import { v7 as makeUuidV7 } from 'uuid';
import type { Spread } from './spread.ts';

type Pool = Database['pool'];

export interface Account {
  organizationId: string;
  userId: string;
  apiKeyId: string;
  key: string;
}

export type Accounts = Record<Spread, readonly Account[]>;

/** So high that nothing is ever refused, and yet limits: every check and counter runs as for any customer. */
const limits = {
  concurrent_jobs: 1_000_000,
  waiting_jobs: 1_000_000,
  images_per_month: 1_000_000_000,
  api_requests_per_minute: 1_000_000_000,
  api_requests_per_day: 1_000_000_000,
};

const insertSql = `
  with organization as (
    insert into public.organizations (id, name, slug, plan_id, custom_limits)
    select u.id, 'Bench', 'bench-' || u.id, $9, $2 from unnest($1::uuid[]) u (id)),
  account as (insert into public.credit_balances (organization_id) select u.id from unnest($1::uuid[]) u (id)),
  person as (
    insert into public.users (id, organization_id, email, role)
    select u.user_id, u.id, u.user_id || '@bench.test', 'admin' from unnest($1::uuid[], $3::uuid[]) u (id, user_id)),
  naive as (
    insert into bench_naive.accounts (organization_id, available) select u.id, $8::bigint from unnest($1::uuid[]) u (id))
  insert into public.api_keys (id, organization_id, created_by, name, prefix, last4, key_hash, scopes)
  select u.key_id, u.id, u.user_id, 'bench', u.prefix, u.last4, u.hash, array['read', 'write']
  from unnest($1::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[]) u (id, user_id, key_id, prefix, last4, hash)`;

export interface AccountOptions {
  count: number;
  credits: number;
  plan?: string;
  /** Instead of the plan's own; -1 is unlimited. */
  customLimits?: Record<string, number>;
}

/** Organizations with a user, an API key and this many credits each, in BASE's tables and in the naive ones. */
export async function makeAccounts(pool: Pool, options: AccountOptions): Promise<Account[]> {
  const { count, credits, plan = 'enterprise', customLimits = limits } = options;
  const made = Array.from({ length: count }, () => ({
    organizationId: makeUuidV7(),
    userId: makeUuidV7(),
    apiKeyId: makeUuidV7(),
    key: makeApiKey(),
  }));
  const organizationIds = made.map((account) => account.organizationId);
  const shown = made.map((account) => describeApiKey(account.key));
  await pool.query(insertSql, [
    organizationIds,
    JSON.stringify(customLimits),
    made.map((account) => account.userId),
    made.map((account) => account.apiKeyId),
    shown.map(({ prefix }) => prefix),
    shown.map(({ last4 }) => last4),
    made.map((account) => hashApiKey(account.key)),
    credits,
    plan,
  ]);
  const same = <T>(value: T): T[] => made.map(() => value);
  await pool.query(
    `select * from public.credit_credits($1::uuid[], $2::public.transaction_type[], $3::bigint[], $4::text[], $5::text[], $6::text[],
      $7::timestamptz[], $8::uuid[])`,
    [
      organizationIds,
      same('bonus'),
      same(credits),
      same('bench'),
      organizationIds,
      same('Credits of the benchmark'),
      same(null),
      same(null),
    ],
  );
  return made;
}

/** @returns the only one. */
export async function makeAccount(pool: Pool, options: Omit<AccountOptions, 'count'>): Promise<Account> {
  const [account] = await makeAccounts(pool, { ...options, count: 1 });
  if (!account) throw new Error('no account was made');
  return account;
}
