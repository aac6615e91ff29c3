import { randomUUID } from 'node:crypto';
import { invitationLinkContext } from '@base/shared/crypto/invitation-link';
import { rotateEmails } from '@base/shared/crypto/rotate-keys/rotate-emails';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { beginJobs, openAttempts, settleJobs } from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import type { Queryable } from '@base/shared/db/queryable';
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
import { config, readOutbox, secretBox } from '../testing/read-outbox.ts';
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

const written = (among: Queryable = pool) => readOutbox(among, organization.id);

/** Runs steps that would leave the books untrue, and takes them back. */
async function rolledBack(steps: (client: Queryable) => Promise<void>): Promise<void> {
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
