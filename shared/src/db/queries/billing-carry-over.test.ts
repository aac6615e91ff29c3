import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  hold,
  type Ledger,
  makeAccount,
  openLedger,
  pay,
  readAccount,
  readGrants,
  release,
  subscribe,
} from '../../testing/open-ledger.ts';
import type { Organization } from '../../testing/order-jobs.ts';
import { passTime } from './billing.ts';

let ledger: Ledger;
let pool: Pool;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'carry_over');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const at = (iso: string): Date => new Date(`${iso}Z`);
const pass = (now: Date) => passTime(pool, now, 1000);
const passAtOnce = (now: Date) => Promise.all(Array.from({ length: 10 }, () => pass(now)));

describe('what is left of a subscription’s month', () => {
  const month = (from: string, to: string) => ({
    planId: 'keeper',
    periodStart: at(from),
    periodEnd: at(to),
    asOf: at(from),
    now: at(from),
  });
  /** A subscriber with so many credits of the first month. */
  const keep = async (credits: number): Promise<Organization> => {
    const organization = await makeAccount(pool, 'keeper');
    await subscribe(pool, organization, month('2030-01-05T00:00', '2030-02-05T00:00'));
    await pay(pool, organization, credits, at('2030-02-05T00:00'));
    return organization;
  };

  it('comes along into the next up to the plan’s limit, for one month, although ten callers come at once', async () => {
    const [few, many] = [await keep(25), await keep(500)];
    await passAtOnce(at('2030-02-05T00:00'));
    expect(await readGrants(pool, few)).toMatchObject([{ remaining: 25, expires_at: at('2030-03-05T00:00') }]);
    expect(await readGrants(pool, many)).toMatchObject([{ remaining: 60, expires_at: at('2030-03-05T00:00') }]);
    await passAtOnce(at('2030-03-05T00:00'));
    expect((await readAccount(pool, few)).balance).toBe(0);
  });

  it.each(['gateway', 'schedule'])('comes along whoever sees the month’s end first: %s', async (first) => {
    const organization = await keep(25);
    if (first === 'schedule') await pass(at('2030-02-05T00:00'));
    await subscribe(pool, organization, month('2030-02-05T00:00', '2030-03-05T00:00'));
    await pass(at('2030-02-05T00:01'));
    await pass(at('2030-02-06T00:00'));
    expect(await readGrants(pool, organization)).toMatchObject([{ remaining: 25, expires_at: at('2030-03-05T00:00') }]);
  });

  it('comes along also when the credits end an hour before or after the month does', async () => {
    const [before, after] = [await makeAccount(pool, 'keeper'), await makeAccount(pool, 'keeper')];
    await pay(pool, before, 20, at('2030-02-04T23:00'));
    await pay(pool, after, 20, at('2030-02-05T01:00'));
    for (const now of ['2030-02-04T23:10', '2030-02-05T00:00', '2030-02-05T01:00']) await pass(at(now));
    expect(await readGrants(pool, before)).toMatchObject([{ remaining: 20, expires_at: at('2030-03-05T00:00') }]);
    expect(await readGrants(pool, after)).toMatchObject([{ remaining: 20, expires_at: at('2030-03-05T00:00') }]);
  });

  it('comes along also from jobs that were under way, within the same limit', async () => {
    const organization = await keep(100);
    const [small, large] = [await hold(pool, organization, 20), await hold(pool, organization, 40)];
    await pass(at('2030-02-05T00:00'));
    expect(await readAccount(pool, organization)).toMatchObject({ available: 40, held: 60 });
    await release(pool, small);
    await pass(at('2030-02-05T00:10'));
    await release(pool, large);
    await passAtOnce(at('2030-02-05T00:20'));
    const grants = await readGrants(pool, organization);
    expect(grants.reduce((sum, grant) => sum + grant.remaining, 0)).toBe(60);
    expect(new Set(grants.map((grant) => grant.expires_at?.toISOString()))).toEqual(
      new Set([at('2030-03-05T00:00').toISOString()]),
    );
  });

  it('ends where the plan carries nothing over, and for bonuses', async () => {
    const plain = await makeAccount(pool, 'starter');
    await pay(pool, plain, 25, at('2030-02-05T00:00'));
    const organization = await makeAccount(pool, 'keeper');
    await pool.query(
      `select * from credit_credits(array[$1::uuid], array['bonus'::transaction_type], array[9::bigint], array['t'], array[$2], array['t'],
        array[$3::timestamptz], array[null::uuid])`,
      [organization.id, randomUUID(), at('2030-02-05T00:00')],
    );
    await pass(at('2030-02-05T00:00'));
    expect((await readAccount(pool, plain)).balance).toBe(0);
    expect((await readAccount(pool, organization)).balance).toBe(0);
  });
});
