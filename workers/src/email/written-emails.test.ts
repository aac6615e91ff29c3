import { randomUUID } from 'node:crypto';
import { envSchema } from '@base/shared/config/env-schema';
import { invitationLinkContext } from '@base/shared/crypto/invitation-link';
import { rotateEmails } from '@base/shared/crypto/rotate-keys/rotate-emails';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { applySubscription, type SubscriptionState } from '@base/shared/db/queries/billing';
import { beginJobs, openAttempts, settleJobs } from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { type Ledger, openLedger } from '@base/shared/testing/open-ledger';
import {
  makeKey,
  makeOrganization,
  type Organization,
  opened,
  reservation,
  settlement,
} from '@base/shared/testing/order-jobs';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { composeEmail } from './compose-email.ts';
import type { ClaimedEmail } from './email-store.ts';
import { templates } from './templates.ts';

let ledger: Ledger;
let pool: Pool;
let organization: Organization;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'emails');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
beforeEach(async () => {
  organization = await makeOrganization(pool, 200, 100);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const config = envSchema.parse({
  PUBLIC_URL: 'http://api.test',
  DATABASE_URL: 'postgres://x',
  REDIS_URL: 'redis://x',
  SUPABASE_URL: 'http://x.test',
  SUPABASE_PUBLISHABLE_KEY: 'x',
  SUPABASE_SECRET_KEY: 'x',
  URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
  MASTER_KEYS: testMasterKeys,
});
const secretBox = createSecretBox(config.MASTER_KEYS);

interface Written {
  template: string;
  subject: string;
  status: string;
  hours: number;
}

/** What stands in the outbox for the organization but first-week e-mails, made an e-mail of; hours is until it is due. */
async function written(among: Pick<Pool, 'query'> = pool): Promise<Written[]> {
  const { rows } = await among.query<ClaimedEmail & { status: string; hours: number }>(
    `select e.*, coalesce(e.address, u.email) as address, u.full_name, coalesce(e.language, 'en') as language, o.name as organization_name,
       round(extract(epoch from e.due_at - clock_timestamp()) / 3600)::float as hours
     from email_outbox e join organizations o on o.id = e.organization_id left join users u on u.id = e.user_id
     where e.organization_id = $1 and e.template !~ '^(welcome|onboarding)' order by e.id`,
    [organization.id],
  );
  return rows.map((row) => ({
    template: row.template,
    subject: composeEmail({ config, secretBox }, row).subject,
    status: row.status,
    hours: row.hours,
  }));
}

/** Runs steps that would leave the books untrue, and takes them back. */
async function rolledBack(steps: (client: Pick<Pool, 'query'>) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await steps(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

it('knows the templates and categories that the database writes, and no others', async () => {
  const { rows } = await pool.query<{ name: string; source: string }>(
    `select proname as name, prosrc as source from pg_proc where pronamespace in ('public'::regnamespace, 'private'::regnamespace) and (prosrc ~ 'mail_' or proname = 'email_category')`,
  );
  const quoted = (source: string) => [...source.matchAll(/'([a-z]\w+)'/g)].map(([, word = '']) => word);
  const declared = rows.find(({ name }) => name === 'email_category')?.source ?? '';
  const categories = ['essential', 'notice', 'onboarding', 'job'];
  const names = templates.map(({ name }) => name).sort();
  expect(
    quoted(declared)
      .filter((word) => !categories.includes(word))
      .sort(),
  ).toEqual(names);
  for (const { name, category } of templates) {
    const { rows: found } = await pool.query('select private.email_category($1) as category', [name]);
    expect(found, name).toEqual([{ category }]);
  }
  const used = rows.flatMap(({ source }) =>
    [...source.matchAll(/mail_(?:admins|users)\([^;]*?'([a-z]\w+)'( \|\|)?/g)].map(([, word = '', more]) => ({
      word,
      more,
    })),
  );
  expect(used.length).toBeGreaterThan(10);
  for (const { word, more } of used) {
    expect(
      names.some((name) => (more === undefined ? name === word : name.startsWith(word))),
      word,
    ).toBe(true);
  }
});

it('tells of a period’s credits at 50, 80 and 100 %, and a day later of a bigger plan', () =>
  rolledBack(async (client) => {
    await client.query(`update organizations set plan_id = 'starter' where id = $1`, [organization.id]);
    for (const used of [250, 250, 410, 500]) {
      await client.query('update credit_balances set period_credits_used = $2 where organization_id = $1', [
        organization.id,
        used,
      ]);
      await client.query('select private.check_account_budgets($1)', [organization.id]);
    }
    expect(await written(client)).toEqual([
      {
        template: 'credits_used_50',
        subject: 'You have used 50% of this period’s credits',
        status: 'pending',
        hours: 0,
      },
      {
        template: 'credits_used_80',
        subject: 'You have used 80% of this period’s credits',
        status: 'pending',
        hours: 0,
      },
      { template: 'credits_used_100', subject: 'This period’s credits are used up', status: 'pending', hours: 0 },
      expect.objectContaining({
        template: 'upgrade_suggestion',
        subject: expect.stringContaining('Professional'),
        hours: 24,
      }),
    ]);
  }));

it('tells of a low balance once a period, and of budgets of keys and projects', () =>
  rolledBack(async (client) => {
    await client.query('update organizations set low_balance_alert = 500 where id = $1', [organization.id]);
    await client.query('select private.check_account_budgets($1)', [organization.id]);
    await client.query(
      `select private.mail_low_balance($1, period_start, 0, 500) from credit_balances where organization_id = $1`,
      [organization.id],
    );
    const project = randomUUID();
    await client.query(
      `insert into projects (id, organization_id, created_by, name, monthly_credit_budget) values ($1, $2, $3, 'Summer', 10)`,
      [project, organization.id, organization.userId],
    );
    await client.query(
      `insert into project_usage (project_id, period_start, organization_id, credits_used) values ($1, private.budget_period(clock_timestamp()), $2, 8)`,
      [project, organization.id],
    );
    await client.query('select private.check_account_budgets($1)', [organization.id]);
    expect((await written(client)).map(({ subject }) => subject)).toEqual([
      'Your balance is low: 200 credits',
      'Project Summer: 80% of its budget used',
    ]);
  }));

it('tells of a key’s budget by the name of the key', async () => {
  const keyId = await makeKey(pool, organization, 10);
  await runJob({ apiKeyId: keyId, credits: 5 });
  await pool.query('select private.check_account_budgets($1)', [organization.id]);
  expect((await written()).map(({ subject }) => subject)).toEqual(['Key test: 50% of its budget used']);
});

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

it('tells of long jobs to those who asked for it, once each, and ten an hour at most', async () => {
  const write = async () => {
    await pool.query('select mail_finished_jobs()');
    return written();
  };
  await runJob({}, 90);
  expect(await write()).toEqual([]);
  await pool.query('update users set job_emails = true where id = $1', [organization.userId]);
  await runJob({}, 30);
  await Promise.all(Array.from({ length: 12 }, () => runJob({}, 187)));
  const all = await write();
  expect(all).toHaveLength(10);
  expect(all[0]).toMatchObject({ template: 'job_finished', subject: 'Ready: image by model-under-test' });
  expect(await write()).toHaveLength(10);
});

it('keeps the link of an invitation through a change of the master key, which leaves what it cannot open', async () => {
  const link = 'https://app.test/invitations/accept#token=y';
  const ids = [randomUUID(), randomUUID()];
  const older = createSecretBox([`old:${'B'.repeat(43)}=`]);
  const stranger = createSecretBox([`lost:${'C'.repeat(43)}=`]);
  for (const [index, id] of ids.entries()) {
    await pool.query('select create_invitation($1, $2, $3, $4, null, $5, 60, null, null, $6)', [
      organization.id,
      organization.userId,
      id,
      `${id}@guest.test`,
      id,
      (index === 0 ? older : stranger).seal(link, invitationLinkContext(id)),
    ]);
  }
  const both = createSecretBox([...config.MASTER_KEYS, `old:${'B'.repeat(43)}=`]);
  const { rotated, failed } = await rotateEmails(pool, both);
  expect({ rotated, failed: failed.size }).toEqual({ rotated: 1, failed: 1 });
  const { rows } = await pool.query('select sealed from email_outbox where reference = $1', [ids[0]]);
  expect(secretBox.open(rows[0].sealed, invitationLinkContext(ids[0] ?? ''))).toBe(link);
  await pool.query('delete from email_outbox where reference = any ($1)', [ids]);
});

it('has nothing left of somebody who was erased, as a member or as one invited', async () => {
  const [invitation, email] = [randomUUID(), `${randomUUID()}@guest.test`];
  await pool.query(`select create_invitation($1, $2, $3, $4, null, $5, 60, null, null, $6)`, [
    organization.id,
    organization.userId,
    invitation,
    email,
    invitation,
    secretBox.seal('https://app.test/invitations/accept#token=x', invitationLinkContext(invitation)),
  ]);
  expect((await written()).map(({ template }) => template)).toEqual(['invitation']);
  await pool.query('select private.erase_emails($1, $2)', [organization.userId, email]);
  const { rows } = await pool.query('select from email_outbox where organization_id = $1', [organization.id]);
  expect(rows).toEqual([]);
});

/** A job that ended so many seconds after it was ordered. */
async function runJob(changes: { apiKeyId?: string; credits?: number }, seconds = 0): Promise<void> {
  const item = reservation(organization, changes);
  expect((await reserveJobs(pool, [item]))[0]?.code).toBe('admitted');
  const [begun] = await beginJobs(pool, [{ id: item.id, leaseToken: null }], { worker: 'test', leaseSeconds: 60 });
  const lease = { id: item.id, leaseToken: begun?.lease_token ?? '' };
  await openAttempts(pool, [opened(lease)]);
  await pool.query(`update ai_jobs set created_at = created_at - make_interval(secs => $2) where id = $1`, [
    item.id,
    seconds,
  ]);
  await settleJobs(pool, [settlement(item.id, lease.leaseToken, item.credits)]);
}
