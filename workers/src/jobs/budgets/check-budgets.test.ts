import { beginJobs, openAttempts, settleJobs } from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { type Ledger, openLedger } from '@base/shared/testing/open-ledger';
import {
  makeKey,
  makeOrganization,
  type Organization,
  opened,
  reservation,
  settlement,
} from '@base/shared/testing/order-jobs';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { checkBudgets } from './check-budgets.ts';

// A database of its own: there is one reader of the ledger, and the stack's worker is it.
let database: Ledger;
beforeAll(async () => {
  database = await openLedger(inject('stack').database_url, 'budgets');
  await database.pool.query("select claim_schedule('check-budgets', 0)");
  await database.pool.query("update plans set monthly_credits = 100 where id = 'enterprise'");
});
afterAll(() => database?.close());

let organization: Organization;
beforeEach(async () => {
  organization = await makeOrganization(database.pool, 200, 100);
});

async function spend(credits: number, order: { apiKeyId?: string; projectId?: string } = {}): Promise<void> {
  const item = reservation(organization, { credits, ...order });
  expect((await reserveJobs(database.pool, [item]))[0]?.code).toBe('admitted');
  const [begun] = await beginJobs(database.pool, [{ id: item.id, leaseToken: null }], {
    worker: 'test',
    leaseSeconds: 60,
  });
  if (begun === undefined) throw new Error('the job was not begun');
  const lease = { id: item.id, leaseToken: begun.lease_token };
  await openAttempts(database.pool, [opened(lease)]);
  await settleJobs(database.pool, [settlement(item.id, begun.lease_token, credits)]);
}

/** What was said since the last time, as the schedule says it. */
const check = () => checkBudgets.run({ pool: database.pool } as never);

async function told(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select type, data->>'kind' as kind, (data->>'percent')::int as percent from events
     where organization_id = $1 and type ~ '^(budget|credits.(low|exhausted))' order by id`,
    [organization.id],
  );
  return rows;
}

it('tells of 50, 80 and 100 % of the period’s credits once each, of the highest when several are passed at once, and mails the admins', async () => {
  await spend(49);
  await check();
  expect(await told()).toEqual([]);
  await spend(1);
  await Promise.all([check(), check(), check()]);
  await spend(50);
  await check();
  await check();
  expect(await told()).toEqual([
    { type: 'budget.reached', kind: 'period', percent: 50 },
    { type: 'budget.reached', kind: 'period', percent: 100 },
  ]);
  const { rows } = await database.pool.query(
    "select template, user_id from email_outbox where organization_id = $1 and category = 'notice' order by id",
    [organization.id],
  );
  expect(rows).toEqual([
    { template: 'credits_used_50', user_id: organization.userId },
    { template: 'credits_used_100', user_id: organization.userId },
  ]);
  // A new period begins anew.
  await database.pool.query(
    "update credit_balances set period_start = period_end, period_end = period_end + interval '1 month', period_credits_used = 60 where organization_id = $1",
    [organization.id],
  );
  await spend(1);
  await check();
  expect((await told()).at(-1)).toEqual({ type: 'budget.reached', kind: 'period', percent: 50 });
});

it('tells of low and of no credits, each once a period, by the organization’s own threshold where it has one', async () => {
  await database.pool.query('update organizations set low_balance_alert = 150 where id = $1', [organization.id]);
  await spend(49);
  await check();
  expect(await told()).toEqual([]);
  await spend(2);
  await check();
  await spend(1);
  await check();
  expect((await told()).filter((event) => !JSON.stringify(event).includes('budget'))).toEqual([
    { type: 'credits.low', kind: null, percent: null },
  ]);
  await spend(148);
  await check();
  expect((await told()).at(-1)).toEqual({ type: 'credits.exhausted', kind: null, percent: null });
});

it('tells of the budgets of API keys and projects', async () => {
  const key = await makeKey(database.pool, organization, 10);
  const projectId = uuidV7();
  await database.pool.query(
    "insert into projects (id, organization_id, created_by, name, monthly_credit_budget) values ($1, $2, $3, 'House', 20)",
    [projectId, organization.id, organization.userId],
  );
  await spend(8, { apiKeyId: key });
  await spend(10, { projectId });
  await check();
  await spend(10, { projectId });
  await spend(1);
  await check();
  expect(await told()).toEqual([
    { type: 'budget.reached', kind: 'api_key', percent: 80 },
    { type: 'budget.reached', kind: 'project', percent: 50 },
    { type: 'budget.reached', kind: 'project', percent: 100 },
  ]);
  expect((await database.pool.query('select * from verify_ledger()')).rows).toEqual([]);
});
