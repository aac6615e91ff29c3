import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  day,
  type Ledger,
  makeAccount,
  openLedger,
  pay,
  readAccount,
  readGrants,
  subscribe,
} from '../../testing/open-ledger.ts';
import type { Organization } from '../../testing/order-jobs.ts';
import { passTime, type SubscriptionState } from './billing.ts';

let ledger: Ledger;
let pool: Pool;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'subscriptions');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const pass = (now: Date) => passTime(pool, now, 1000);

/** What the gateway says so many days after the start. */
const say = (organization: Organization, days: number, changes: Partial<SubscriptionState>) =>
  subscribe(pool, organization, { asOf: day(days), now: day(days), ...changes });

/** The plan as requests see it, and whether nodes that remember another one are told. */
async function planOf(organization: Organization): Promise<string> {
  const { rows } = await pool.query('select plan_id from authenticate_user($1, $2, null)', [
    organization.userId,
    `${organization.userId}@test.test`,
  ]);
  return rows[0].plan_id;
}

const subscriptionsOf = async (organization: Organization) =>
  (
    await pool.query<{ gateway_id: string; status: string; is_to_end: boolean; grace_ends_at: Date | null }>(
      `select gateway_id, status, end_requested_at is not null as is_to_end, grace_ends_at
       from subscriptions where organization_id = $1 order by id`,
      [organization.id],
    )
  ).rows;

const eventsOf = async (organization: Organization): Promise<string[]> =>
  (
    await pool.query(
      `select type from events where organization_id = $1 and type like 'subscription.%' order by created_at`,
      [organization.id],
    )
  ).rows.map((row) => row.type);

describe('a subscription', () => {
  it('gives its plan at once, and changes of it; API nodes are told to forget', async () => {
    const organization = await makeAccount(pool, 'free');
    for (const planId of ['starter', 'professional']) {
      const { rows: before } = await pool.query('select clock_timestamp() as at');
      expect(await say(organization, 0, { planId })).toBe('applied');
      expect(await planOf(organization)).toBe(planId);
      const { rows } = await pool.query(`select kind from changes_since($1) where id = $2`, [
        before[0].at,
        organization.id,
      ]);
      expect(rows).toEqual([{ kind: 'organization' }]);
    }
    expect(await eventsOf(organization)).toEqual(['subscription.created', 'subscription.updated']);
  });

  it('said twice is told once', async () => {
    const organization = await makeAccount(pool, 'free');
    await Promise.all(Array.from({ length: 10 }, () => say(organization, 0, {})));
    expect(await subscriptionsOf(organization)).toHaveLength(1);
    expect(await eventsOf(organization)).toEqual(['subscription.created']);
  });

  it('that was asked for earlier and comes later is not written', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 2, { planId: 'professional' });
    expect(await say(organization, 1, { planId: 'starter', status: 'canceled' })).toBe('stale');
    expect(await planOf(organization)).toBe('professional');
    expect(await say(organization, 3, { organizationId: '00000000-0000-7000-8000-000000000000' })).toBe(
      'organization_not_found',
    );
  });

  it('that is paused or canceled leaves the free plan, and what was paid for stays', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await pay(pool, organization, 80, day(31));
    await say(organization, 1, { status: 'paused' });
    expect(await planOf(organization)).toBe('free');
    await say(organization, 2, { status: 'active' });
    expect(await planOf(organization)).toBe('starter');
    await say(organization, 3, { cancelAtPeriodEnd: true });
    expect(await planOf(organization)).toBe('starter');
    await say(organization, 4, { status: 'canceled' });
    expect(await planOf(organization)).toBe('free');
    expect((await readAccount(pool, organization)).balance).toBe(80);
    expect((await eventsOf(organization)).at(-1)).toBe('subscription.canceled');
  });
});

describe('a plan given by hand', () => {
  it('stays when an old subscription is said to be over once more', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await say(organization, 1, { status: 'canceled' });
    await pool.query(`update organizations set plan_id = 'enterprise' where id = $1`, [organization.id]);
    await say(organization, 2, { status: 'canceled' });
    await say(organization, 3, { status: 'canceled', gatewayId: `other_${organization.id}` });
    expect(await planOf(organization)).toBe('enterprise');
  });
});

describe('two subscriptions', () => {
  it('are one: the older is over, is ended at its gateway, and never takes the plan again', async () => {
    const organization = await makeAccount(pool, 'free');
    const [older, newer] = [`old_${organization.id}`, `new_${organization.id}`];
    await say(organization, 0, { gatewayId: older });
    await say(organization, 1, { gatewayId: newer, planId: 'professional', gateway: 'asaas', startedAt: day(1) });
    expect(await subscriptionsOf(organization)).toMatchObject([
      { gateway_id: older, status: 'canceled', is_to_end: true },
      { gateway_id: newer, status: 'active', is_to_end: false },
    ]);
    const toEnd = async () =>
      (await pool.query('select gateway, gateway_id from subscriptions_to_end(1000)')).rows.filter(
        (row) => row.gateway_id === older,
      );
    expect(await toEnd()).toEqual([{ gateway: 'stripe', gateway_id: older }]);
    await say(organization, 2, { gatewayId: older });
    expect(await planOf(organization)).toBe('professional');
    expect(await toEnd()).toHaveLength(1);
    await say(organization, 3, { gatewayId: older, status: 'canceled' });
    expect(await toEnd()).toEqual([]);
    expect(await planOf(organization)).toBe('professional');
  });

  it('are one in any order: what began earlier and is told of later does not come to life', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 1, { gatewayId: `new_${organization.id}`, planId: 'professional', startedAt: day(1) });
    await say(organization, 2, { gatewayId: `old_${organization.id}`, gateway: 'asaas' });
    expect(await subscriptionsOf(organization)).toMatchObject([
      { gateway_id: `new_${organization.id}`, status: 'active', is_to_end: false },
      { gateway_id: `old_${organization.id}`, status: 'canceled', is_to_end: true },
    ]);
    expect(await planOf(organization)).toBe('professional');
  });

  it('that begin at once leave one live', async () => {
    const organization = await makeAccount(pool, 'free');
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => say(organization, 0, { gatewayId: `sub_${index}_${organization.id}` })),
    );
    const rows = await subscriptionsOf(organization);
    expect(rows.filter((row) => row.status === 'active')).toHaveLength(1);
    expect(rows.filter((row) => row.is_to_end)).toHaveLength(9);
  });
});

describe('a trial', () => {
  it('brings its credits once per organization, until its end, however many subscriptions begin with one', async () => {
    const organization = await makeAccount(pool, 'free');
    const trial = { planId: 'keeper', status: 'trialing', trialEnd: day(14) } as const;
    await Promise.all(Array.from({ length: 5 }, () => say(organization, 0, trial)));
    await say(organization, 1, { ...trial, gatewayId: `again_${organization.id}` });
    expect(await planOf(organization)).toBe('keeper');
    expect(await readGrants(pool, organization)).toMatchObject([
      { source: 'bonus', remaining: 40, expires_at: day(14) },
    ]);
    await pass(day(14));
    expect((await readAccount(pool, organization)).balance).toBe(0);
  });
});

describe('an overdue payment', () => {
  it('keeps the plan for the days of grace, counted from the first failure, then it is free, once', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await say(organization, 31, { status: 'past_due' });
    await say(organization, 34, { status: 'past_due' });
    expect(await subscriptionsOf(organization)).toMatchObject([{ grace_ends_at: day(38) }]);
    await pass(new Date(day(38).getTime() - 1));
    expect(await planOf(organization)).toBe('starter');
    const lapsed = await Promise.all(Array.from({ length: 10 }, () => pass(day(38))));
    expect(lapsed.reduce((sum, done) => sum + done.lapsed, 0)).toBe(1);
    expect(await planOf(organization)).toBe('free');
    expect((await pass(day(39))).lapsed).toBe(0);
    expect((await eventsOf(organization)).filter((type) => type === 'subscription.lapsed')).toHaveLength(1);
  });

  it('that is paid gives the plan back, and the next one has days of grace of its own', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await say(organization, 31, { status: 'past_due' });
    await pass(day(40));
    expect(await planOf(organization)).toBe('free');
    await say(organization, 41, { periodStart: day(31), periodEnd: day(59) });
    expect(await planOf(organization)).toBe('starter');
    await say(organization, 60, { status: 'past_due' });
    await pass(day(66));
    expect(await planOf(organization)).toBe('starter');
    await pass(day(67));
    expect(await planOf(organization)).toBe('free');
  });

  it('that stays so after the grace does not bring the plan back', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await say(organization, 31, { status: 'past_due' });
    await pass(day(40));
    await say(organization, 41, { status: 'past_due' });
    expect(await planOf(organization)).toBe('free');
  });

  it('leaves the free plan its monthly credits', async () => {
    const organization = await makeAccount(pool, 'free');
    await say(organization, 0, {});
    await say(organization, 31, { status: 'past_due', periodStart: day(31), periodEnd: day(59) });
    await pass(day(38));
    await pass(new Date('2030-03-05T00:00:00Z'));
    expect(await readGrants(pool, organization)).toMatchObject([{ source: 'bonus', remaining: 50 }]);
  });
});
