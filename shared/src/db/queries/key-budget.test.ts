import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  keepFromRelay,
  makeKey,
  makeOrganization,
  type Organization,
  opened,
  readLine,
  reservation,
  settlement,
} from '../../testing/order-jobs.ts';
import { type Database, openDatabase } from '../database.ts';
import { beginJobs, openAttempts, settleJobs } from './job-lifecycle.ts';
import { type Reservation, type ReservationResult, reserveJobs } from './reserve-jobs.ts';

let database: Database;
beforeAll(() => {
  database = openDatabase({
    url: inject('stack').database_url,
    poolMax: 8,
    applicationName: 'test',
    onError: () => {},
  });
});
afterAll(() => database.close());

async function expectSound(organization: Organization): Promise<void> {
  const { rows } = await database.pool.query('select * from public.verify_ledger($1)', [organization.id]);
  expect(rows).toEqual([]);
}

/** Decides on the orders and keeps the jobs from workers. */
async function reserve(items: Reservation[]): Promise<ReservationResult[]> {
  const results = await reserveJobs(database.pool, items);
  await keepFromRelay(
    database.pool,
    items.map((item) => item.id),
  );
  return results;
}

describe('the monthly budget of an API key', () => {
  it('is decided in order inside a batch, with its figures, for each line of keys apart', async () => {
    const organization = await makeOrganization(database.pool, 100, 100);
    const first = await makeKey(database.pool, organization, 5);
    const next = await makeKey(database.pool, organization, 5, first);
    const other = await makeKey(database.pool, organization, 2);
    const items = [
      { apiKeyId: first, credits: 3 },
      { apiKeyId: next, credits: 3 },
      { apiKeyId: other, credits: 2 },
      { apiKeyId: next, credits: 2 },
      { apiKeyId: first, credits: 1 },
    ].map((order) => reservation(organization, order));
    const results = await reserve(items);
    expect(results.map((result) => result.code)).toEqual([
      'admitted',
      'key_budget_reached',
      'admitted',
      'admitted',
      'key_budget_reached',
    ]);
    const now = new Date();
    const resetsAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
    expect(results[1]?.figures).toEqual({ required: 3, budget: 5, used: 0, held: 3, resets_at: resetsAt });
    expect(results[4]?.figures).toEqual({ required: 1, budget: 5, used: 0, held: 5, resets_at: resetsAt });
    expect([await readLine(database.pool, first), await readLine(database.pool, other)]).toEqual([
      { held: 5, used: 0 },
      { held: 2, used: 0 },
    ]);
    await expectSound(organization);
  });

  it('is never passed by many connections at once', async () => {
    const organization = await makeOrganization(database.pool, 100, 100);
    const key = await makeKey(database.pool, organization, 20);
    const results = await Promise.all(
      Array.from({ length: 50 }, () => reserve([reservation(organization, { apiKeyId: key })])),
    );
    expect(results.flat().filter((result) => result.code === 'admitted')).toHaveLength(20);
    expect(results.flat().filter((result) => result.code === 'key_budget_reached')).toHaveLength(30);
    expect(await readLine(database.pool, key)).toEqual({ held: 20, used: 0 });
    await expectSound(organization);
  });

  it('counts a job in the month of its admission, also when it ends in the next', async () => {
    const organization = await makeOrganization(database.pool, 100, 100);
    const key = await makeKey(database.pool, organization, 5);
    const items = [2, 3].map((credits) => reservation(organization, { apiKeyId: key, credits }));
    await reserve(items);
    // In one statement: whoever audits the ledger meanwhile finds it sound.
    await database.pool.query(
      `with jobs as (update ai_jobs set created_at = created_at - interval '1 month' where api_key_id = $1)
       update api_key_usage set period_start = period_start - interval '1 month' where api_key_id = $1`,
      [key],
    );
    await expectSound(organization);
    // A new month: the whole budget is there, whatever the jobs of the last one still hold.
    const [fresh] = await reserve([reservation(organization, { apiKeyId: key, credits: 5 })]);
    expect(fresh?.code).toBe('admitted');
    for (const { id } of items) {
      const [begun] = await beginJobs(database.pool, [{ id, leaseToken: null }], { worker: 't', leaseSeconds: 60 });
      const lease = { id, leaseToken: begun?.lease_token ?? '' };
      await openAttempts(database.pool, [opened(lease)]);
      await settleJobs(database.pool, [settlement(id, lease.leaseToken, 1)]);
    }
    const { rows } = await database.pool.query(
      'select credits_held, credits_used from api_key_usage where api_key_id = $1 order by period_start',
      [key],
    );
    expect(rows).toEqual([
      { credits_held: 0, credits_used: 2 },
      { credits_held: 5, credits_used: 0 },
    ]);
    await expectSound(organization);
  });

  it('a counter that is not the sum of the key’s jobs is a violation', async () => {
    const organization = await makeOrganization(database.pool, 10, 10);
    const key = await makeKey(database.pool, organization, null);
    await reserve([reservation(organization, { apiKeyId: key })]);
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query('update api_key_usage set credits_used = 1 where api_key_id = $1', [key]);
      const { rows } = await client.query('select violation, expected, actual from verify_ledger($1)', [
        organization.id,
      ]);
      expect(rows).toEqual([
        { violation: 'key_usage_is_sum_of_jobs', expected: 'held 1 used 0', actual: 'held 1 used 1' },
      ]);
    } finally {
      await client.query('rollback');
      client.release();
    }
    await expectSound(organization);
  });
});
