import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  day,
  hold,
  type Ledger,
  makeAccount,
  openLedger,
  pay,
  readAccount,
  readGrants,
  release,
  settle,
  subscribe,
} from '../../testing/open-ledger.ts';
import type { Organization } from '../../testing/order-jobs.ts';
import { passTime } from './billing.ts';

let ledger: Ledger;
let pool: Pool;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'periods');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const at = (iso: string): Date => new Date(`${iso}Z`);
const pass = (now: Date) => passTime(pool, now, 1000);
const passAtOnce = (now: Date) => Promise.all(Array.from({ length: 10 }, () => pass(now)));

const periodOf = async (organization: Organization): Promise<string[]> => {
  const account = await readAccount(pool, organization);
  return [account.period_start, account.period_end].map((moment) => moment.toISOString().slice(0, 16));
};

const transactions = async (organization: Organization): Promise<{ type: string; amount: number }[]> =>
  (
    await pool.query('select type, amount from credit_transactions where organization_id = $1 order by position', [
      organization.id,
    ])
  ).rows.slice(2);

describe('credits that end', () => {
  it('are spent in the order in which they end, those without an end last', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 10);
    await pay(pool, organization, 10, day(20));
    await pay(pool, organization, 10, day(9));
    await settle(pool, await hold(pool, organization, 15), 15);
    expect((await readGrants(pool, organization)).map((grant) => [grant.remaining, grant.expires_at])).toEqual([
      [5, day(20)],
      [10, null],
    ]);
  });

  it('end once, although ten callers come at once and again; the others stay', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 10, day(1));
    await pay(pool, organization, 7, day(2));
    await pay(pool, organization, 5);
    await pass(new Date(day(1).getTime() - 1));
    expect((await readAccount(pool, organization)).balance).toBe(22);
    await passAtOnce(day(1));
    await passAtOnce(day(1));
    expect((await readAccount(pool, organization)).balance).toBe(12);
    expect((await transactions(organization)).filter(({ type }) => type === 'expiration')).toEqual([
      { type: 'expiration', amount: -10 },
    ]);
  });

  it('stay while they are on hold, and end when they come back', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 10, day(1));
    const job = await hold(pool, organization, 4);
    await passAtOnce(day(1));
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 4, held: 4, available: 0 });
    await release(pool, job);
    await passAtOnce(day(1));
    expect((await readAccount(pool, organization)).balance).toBe(0);
  });

  it('are those that jobs under way hold first: a month’s end takes nothing that was ordered from the month before', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 10, day(31));
    const job = await hold(pool, organization, 8);
    await pay(pool, organization, 10, day(62));
    await pass(day(31));
    expect((await readGrants(pool, organization)).map((grant) => grant.remaining)).toEqual([8, 10]);
    await settle(pool, job, 8);
    await pass(day(31));
    expect((await readGrants(pool, organization)).map((grant) => grant.remaining)).toEqual([10]);
  });

  it('do not keep others from ending: accounts whose ended credits are all on hold take no place', async () => {
    const waiting = await Promise.all([makeAccount(pool), makeAccount(pool), makeAccount(pool)]);
    const behind = await makeAccount(pool);
    for (const organization of [...waiting, behind]) {
      await pay(pool, organization, 10, day(1));
      await pay(pool, organization, 10);
    }
    for (const organization of waiting) await hold(pool, organization, 10);
    await passTime(pool, day(1), 1);
    expect((await readAccount(pool, behind)).balance).toBe(10);
  });
});

describe('a new month', () => {
  it('counts what is under way as its own: what ends afterwards never makes a counter negative', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 100);
    const [first, second, third] = [
      await hold(pool, organization, 5, { limitUnits: 3 }),
      await hold(pool, organization, 5, { limitUnits: 2 }),
      await hold(pool, organization, 5, { limitUnits: 4 }),
    ];
    await settle(pool, third, 5);
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 6, period_credits_used: 5 });
    await passAtOnce(day(31));
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 5, period_credits_used: 0 });
    await release(pool, first);
    await settle(pool, second, 5);
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 1, period_credits_used: 5 });
  });

  it('brings a free plan its credits once, although ten callers come at once, until its end', async () => {
    const organization = await makeAccount(pool, 'free');
    await passAtOnce(day(31));
    expect(await readGrants(pool, organization)).toMatchObject([{ remaining: 50, expires_at: at('2030-03-05T00:00') }]);
    await passAtOnce(at('2030-03-05T00:00'));
    expect(await readGrants(pool, organization)).toMatchObject([{ remaining: 50, expires_at: at('2030-04-05T00:00') }]);
  });

  it('that comes five months late brings one month’s credits, and is the month that it is', async () => {
    const organization = await makeAccount(pool, 'free');
    await passAtOnce(at('2030-06-20T12:00'));
    expect(await periodOf(organization)).toEqual(['2030-06-05T00:00', '2030-07-05T00:00']);
    expect(await transactions(organization)).toEqual([{ type: 'bonus', amount: 50 }]);
  });

  it('follows its anchor: the 31st comes back after shorter months', async () => {
    const organization = await makeAccount(pool, 'free', at('2030-01-31T10:00'));
    const ends: string[] = [];
    for (let month = 0; month < 5; month += 1) {
      const { period_end } = await readAccount(pool, organization);
      ends.push(period_end.toISOString().slice(0, 16));
      await pass(new Date(period_end.getTime() - 1));
      expect((await readAccount(pool, organization)).period_end).toEqual(period_end);
      await pass(period_end);
    }
    expect(ends).toEqual([
      '2030-02-28T10:00',
      '2030-03-31T10:00',
      '2030-04-30T10:00',
      '2030-05-31T10:00',
      '2030-06-30T10:00',
    ]);
  });

  it('never comes again for a deleted organization, whose credits end in their time', async () => {
    const organization = await makeAccount(pool, 'free');
    await pay(pool, organization, 10, day(3));
    await pool.query('update organizations set deleted_at = clock_timestamp() where id = $1', [organization.id]);
    await passAtOnce(day(31));
    const { rows } = await pool.query(
      `select isfinite(period_end) as has_end, balance from credit_balances where organization_id = $1`,
      [organization.id],
    );
    expect(rows).toEqual([{ has_end: false, balance: 0 }]);
    await pass(day(400));
    expect((await readAccount(pool, organization)).balance).toBe(0);
  });

  it('of a subscription paid by the year begins every month', async () => {
    const organization = await makeAccount(pool, 'free', at('2030-01-01T00:00'));
    await subscribe(pool, organization, { interval: 'year', periodEnd: at('2031-01-05T00:00') });
    await pay(pool, organization, 6000, at('2031-01-05T00:00'));
    await settle(pool, await hold(pool, organization, 10), 10);
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 1, period_credits_used: 10 });
    await pass(at('2030-02-05T00:00'));
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 0, period_credits_used: 0 });
    expect(await periodOf(organization)).toEqual(['2030-02-05T00:00', '2030-03-05T00:00']);
    await pass(at('2030-09-07T00:00'));
    expect(await periodOf(organization)).toEqual(['2030-09-05T00:00', '2030-10-05T00:00']);
    expect((await readAccount(pool, organization)).balance).toBe(5990);
  });
});

describe('months and subscriptions', () => {
  it('that begin within a day of each other are the same month: counters start once', async () => {
    const organization = await makeAccount(pool, 'starter');
    await pay(pool, organization, 50);
    await pass(at('2030-02-05T00:00'));
    await settle(pool, await hold(pool, organization, 5), 5);
    await subscribe(pool, organization, {
      periodStart: at('2030-02-05T06:00'),
      periodEnd: at('2030-03-05T06:00'),
      now: at('2030-02-05T07:00'),
    });
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 1, period_credits_used: 5 });
    expect(await periodOf(organization)).toEqual(['2030-02-05T06:00', '2030-03-05T06:00']);
    await pass(at('2030-03-05T01:00'));
    expect(await periodOf(organization)).toEqual(['2030-02-05T06:00', '2030-03-05T06:00']);
  });

  it('of the 31st stay months of the 31st, whoever sees their ends first', async () => {
    const organization = await makeAccount(pool, 'free');
    const renew = (from: string, to: string, now = from) =>
      subscribe(pool, organization, { periodStart: at(from), periodEnd: at(to), now: at(now), asOf: at(now) });
    await renew('2030-01-31T10:00', '2030-02-28T10:00');
    await pay(pool, organization, 50);
    await renew('2030-02-28T10:00', '2030-03-31T10:00');
    await settle(pool, await hold(pool, organization, 5), 5);
    await pass(at('2030-03-29T00:00'));
    await renew('2030-02-28T10:00', '2030-03-31T10:00', '2030-03-30T00:00');
    expect(await periodOf(organization)).toEqual(['2030-02-28T10:00', '2030-03-31T10:00']);
    expect((await readAccount(pool, organization)).period_images).toBe(1);
    await pass(at('2030-03-31T10:00'));
    await settle(pool, await hold(pool, organization, 5), 5);
    await renew('2030-03-31T10:00', '2030-04-30T10:00');
    expect(await periodOf(organization)).toEqual(['2030-03-31T10:00', '2030-04-30T10:00']);
    expect((await readAccount(pool, organization)).period_images).toBe(1);
  });

  it('begin anew with a subscription, counting what is under way', async () => {
    const organization = await makeAccount(pool, 'free');
    await pay(pool, organization, 50);
    await settle(pool, await hold(pool, organization, 5), 5);
    const job = await hold(pool, organization, 5);
    await subscribe(pool, organization, { periodStart: day(10), periodEnd: day(41), now: day(10) });
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 1, period_credits_used: 0 });
    await release(pool, job);
    expect(await readAccount(pool, organization)).toMatchObject({ period_images: 0, period_start: day(10) });
  });
});
