import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { v7 as uuidV7 } from 'uuid';
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
import {
  beginJobs,
  claimSchedule,
  extendLeases,
  openAttempts,
  parkJobs,
  recordAttempts,
  releaseJobs,
  settleJobs,
} from './job-lifecycle.ts';
import { reserveJobs } from './reserve-jobs.ts';

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

/** Who orders: a person, a key with a budget, the key that replaced it, or a key without a budget. */
const keys = ['none', 'first', 'next', 'free'] as const;
const lineBudget = 15;

/** One step of a random life; numbers choose among the jobs there are. */
type Action =
  | { kind: 'reserve'; orders: { credits: number; key: (typeof keys)[number] }[] }
  | { kind: 'begin' | 'park' | 'extend' | 'cancel'; pick: number }
  | { kind: 'open'; pick: number; other: boolean }
  | { kind: 'own_key'; state: 'valid' | 'refused' | 'removed' }
  | { kind: 'record'; pick: number; status: 'submitted' | 'unknown' | 'failed' }
  | { kind: 'settle'; pick: number; share: number; stale: boolean }
  | { kind: 'fail'; pick: number; stale: boolean };

const pick = fc.nat(50);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      orders: fc.array(fc.record({ credits: fc.integer({ min: 0, max: 9 }), key: fc.constantFrom(...keys) }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('begin' as const, 'park' as const, 'extend' as const),
      pick,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const), pick, other: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('own_key' as const),
      state: fc.constantFrom('valid' as const, 'refused' as const, 'removed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      pick,
      status: fc.constantFrom('submitted' as const, 'unknown' as const, 'failed' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      pick,
      share: fc.integer({ min: 0, max: 20 }),
      stale: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), pick, stale: fc.boolean() }) },
);

/** What a plain bookkeeper would expect, kept beside the database. */
interface Model {
  balance: number;
  ownKey: 'valid' | 'refused' | 'removed';
  keyIds: Record<(typeof keys)[number], string | null>;
  jobs: {
    id: string;
    /** Whether it counts against the budget. */
    inLine: boolean;
    held: number;
    charged: number;
    lease: string | null;
    attempt: string | null;
    over: boolean;
  }[];
}

/** What jobs of the line hold and have been charged. */
function lineOf({ jobs }: Model): { held: number; used: number } {
  const inLine = jobs.filter((job) => job.inLine);
  return {
    held: inLine.filter((job) => !job.over).reduce((sum, job) => sum + job.held, 0),
    used: inLine.reduce((sum, job) => sum + job.charged, 0),
  };
}

describe('the life of jobs, in any order of steps', () => {
  it('keeps every invariant after every step, and charges what a plain bookkeeper would', {
    timeout: 180_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (actions, concurrent) => {
          const organization = await makeOrganization(database.pool, 30, concurrent);
          const first = await makeKey(database.pool, organization, lineBudget);
          const next = await makeKey(database.pool, organization, lineBudget, first);
          const keyIds = { none: null, first, next, free: await makeKey(database.pool, organization, null) };
          const model: Model = { balance: 30, ownKey: 'removed', keyIds, jobs: [] };
          for (const step of actions) await take(step, organization, model);
          const { rows } = await database.pool.query(
            'select balance, held, active_jobs, waiting_jobs from credit_balances where organization_id = $1',
            [organization.id],
          );
          const live = model.jobs.filter((job) => !job.over);
          expect(rows[0].balance).toBe(model.balance);
          expect(rows[0].held).toBe(live.reduce((sum, job) => sum + job.held, 0));
          expect(rows[0].active_jobs + rows[0].waiting_jobs).toBe(live.length);
          expect(rows[0].active_jobs).toBe(Math.min(concurrent, live.length));
          expect(await readLine(database.pool, next)).toEqual(lineOf(model));
        },
      ),
      { numRuns: 40 },
    );
  });

  async function take(step: Action, organization: Organization, model: Model): Promise<void> {
    const { pool } = database;
    if (step.kind === 'reserve') await reserveAll(step.orders, organization, model);
    else if (step.kind === 'own_key') await changeKey(step.state, organization, model);
    else {
      const job = model.jobs[step.pick % Math.max(1, model.jobs.length)];
      if (!job) return;
      const lease = { id: job.id, leaseToken: job.lease ?? randomUUID() };
      switch (step.kind) {
        case 'begin': {
          const [begun] = await beginJobs(pool, [{ id: job.id, leaseToken: job.lease }], {
            worker: 't',
            leaseSeconds: 60,
          });
          if (begun) job.lease = begun.lease_token;
          if (begun) expect(job.over).toBe(false);
          break;
        }
        case 'open': {
          const opening = { ...opened(lease), model: step.other ? 'an-equal-model' : 'model-under-test' };
          if ((await openAttempts(pool, [opening])).size > 0) job.attempt = opening.attemptId;
          break;
        }
        case 'record':
          if (job.attempt)
            await recordAttempts(pool, [
              { attemptId: job.attempt, status: step.status, taskId: `task-${job.attempt}` },
            ]);
          break;
        case 'park':
          await parkJobs(pool, [{ ...lease, resumeSeconds: 5, progress: 50 }], 60);
          break;
        case 'extend':
          expect((await extendLeases(pool, [lease], 60)).has(job.id)).toBe(job.lease !== null && !job.over);
          break;
        case 'cancel':
          await end(await releaseJobs(pool, [{ id: job.id, leaseToken: null, status: 'canceled' }]), job, 0, model);
          break;
        case 'settle': {
          const leaseToken = step.stale ? randomUUID() : lease.leaseToken;
          const rows = await settleJobs(pool, [settlement(job.id, leaseToken, step.share)]).catch(
            (error: Error) => error,
          );
          if (rows instanceof Error) throw rows;
          if (step.stale) expect(rows.filter((row) => row.kind === 'settled')).toEqual([]);
          await end(rows, job, Math.min(step.share, job.held), model);
          break;
        }
        case 'fail': {
          const leaseToken = step.stale ? randomUUID() : lease.leaseToken;
          await end(
            await releaseJobs(pool, [{ id: job.id, leaseToken, status: 'failed', errorCode: 'provider_failed' }]),
            job,
            0,
            model,
          );
          break;
        }
      }
    }
    await expectSound(organization);
  }

  async function reserveAll(
    orders: { credits: number; key: (typeof keys)[number] }[],
    organization: Organization,
    model: Model,
  ): Promise<void> {
    const items = orders.map(({ credits, key }) =>
      reservation(organization, { credits, ownKeyCredits: credits % 3, apiKeyId: model.keyIds[key] }),
    );
    const results = await reserveJobs(database.pool, items);
    await keepFromRelay(
      database.pool,
      items.map((item) => item.id),
    );
    for (const [index, item] of items.entries()) {
      const held = model.jobs.filter((job) => !job.over).reduce((sum, job) => sum + job.held, 0);
      const amount = model.ownKey === 'valid' ? item.ownKeyCredits : item.credits;
      const inLine = orders[index]?.key === 'first' || orders[index]?.key === 'next';
      const line = lineOf(model);
      const isInBudget = !inLine || line.held + line.used + amount <= lineBudget;
      const fits = model.ownKey !== 'refused' && isInBudget && model.balance - held >= amount;
      expect(results[index]?.code === 'admitted').toBe(fits);
      if (model.ownKey !== 'refused') expect(results[index]?.code === 'key_budget_reached').toBe(!isInBudget);
      if (fits)
        model.jobs.push({ id: item.id, inLine, held: amount, charged: 0, lease: null, attempt: null, over: false });
    }
  }

  async function changeKey(state: Model['ownKey'], organization: Organization, model: Model): Promise<void> {
    model.ownKey = state;
    await database.pool.query(`delete from provider_api_keys where organization_id = $1`, [organization.id]);
    if (state === 'removed') return;
    await database.pool.query(
      `insert into provider_api_keys (id, organization_id, provider, ciphertext, last4, is_valid, check_at)
       values ($1, $2, 'replicate', '\\x00', '0000', $3, null)`,
      [uuidV7(), organization.id, state === 'valid'],
    );
  }

  async function end(
    rows: { kind: string; job_id: string }[],
    job: Model['jobs'][number],
    charge: number,
    model: Model,
  ): Promise<void> {
    const ended = rows.some((row) => row.kind !== 'promoted' && row.job_id === job.id);
    await keepFromRelay(
      database.pool,
      rows.filter((row) => row.kind === 'promoted').map((row) => row.job_id),
    );
    if (!ended) return;
    expect(job.over).toBe(false);
    job.over = true;
    job.charged = charge;
    model.balance -= charge;
  }
});

describe('reserve_jobs in one batch', () => {
  it('decides in order: a request that does not fit leaves room for a smaller one behind it', async () => {
    const organization = await makeOrganization(database.pool, 5, 100);
    const results = await reserveJobs(
      database.pool,
      [4, 3, 1, 1].map((credits) => reservation(organization, { credits })),
    );
    expect(results.map((result) => result.code)).toEqual([
      'admitted',
      'credits_on_hold',
      'admitted',
      'credits_on_hold',
    ]);
    await expectSound(organization);
  });

  it('treats equal idempotency keys in the batch like requests one after another', async () => {
    const organization = await makeOrganization(database.pool, 10, 100);
    const keyed = (hash: string) => reservation(organization, { idempotencyKey: 'k', requestHash: hash });
    const items = [keyed('a'), keyed('a'), keyed('b')];
    const results = await reserveJobs(database.pool, items);
    expect(results.map((result) => result.code)).toEqual(['admitted', 'replayed', 'idempotency_key_reused']);
    expect(results[1]?.job?.id).toBe(items[0]?.id);
    await expectSound(organization);
  });

  it('mixes organizations without mixing their money, from many connections at once', async () => {
    const organizations = await Promise.all(
      [10, 20, 30].map((credits) => makeOrganization(database.pool, credits, 1000)),
    );
    const all = Array.from({ length: 40 }, () => organizations.map((organization) => reservation(organization)));
    const results = await Promise.all(all.map((batch) => reserveJobs(database.pool, batch)));
    for (const [index, credits] of [10, 20, 30].entries()) {
      expect(results.filter((batch) => batch[index]?.code === 'admitted')).toHaveLength(credits);
    }
    await Promise.all(organizations.map(expectSound));
  });
});

describe('begin_jobs', () => {
  it('gives a job to one of twenty workers, and a fresh token each time', async () => {
    const organization = await makeOrganization(database.pool, 5, 10);
    const item = reservation(organization);
    await reserveJobs(database.pool, [item]);
    const begun = await Promise.all(
      Array.from({ length: 20 }, () =>
        beginJobs(database.pool, [{ id: item.id, leaseToken: null }], { worker: 't', leaseSeconds: 60 }),
      ),
    );
    const [mine] = begun.flat();
    expect(begun.flat()).toHaveLength(1);
    const again = await beginJobs(database.pool, [{ id: item.id, leaseToken: mine?.lease_token ?? null }], {
      worker: 't',
      leaseSeconds: 60,
    });
    expect(again[0]?.attempts).toBe(1);
    expect(again[0]?.lease_token).not.toBe(mine?.lease_token);
    expect(await settleJobs(database.pool, [settlement(item.id, mine?.lease_token ?? '', 1)])).toEqual([]);
    await expectSound(organization);
  });
});

describe('open_attempt', () => {
  it('opens one of many attempts at once, and none after a success', async () => {
    const organization = await makeOrganization(database.pool, 5, 10);
    const item = reservation(organization);
    await reserveJobs(database.pool, [item]);
    const [begun] = await beginJobs(database.pool, [{ id: item.id, leaseToken: null }], {
      worker: 't',
      leaseSeconds: 60,
    });
    const lease = { id: item.id, leaseToken: begun?.lease_token ?? '' };
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => openAttempts(database.pool, [opened(lease)])));
    expect(outcomes.reduce((sum, set) => sum + set.size, 0)).toBe(1);
    await settleJobs(database.pool, [settlement(item.id, lease.leaseToken, 1)]);
    expect((await openAttempts(database.pool, [opened(lease)])).size).toBe(0);
    await expectSound(organization);
  });
});

describe('grants', () => {
  it('are spent earliest expiry first, and always add up to the balance', async () => {
    const organization = await makeOrganization(database.pool, 3, 10);
    const items = [reservation(organization, { credits: 2 }), reservation(organization, { credits: 4 })];
    // The 3 of the start expire tomorrow, these in an hour.
    await database.pool.query(
      `select * from credit_credits(array[$1::uuid], array['purchase'::transaction_type], array[20::bigint], array['t'], array['soon'], array['t'],
        array[now() + interval '1 hour'], array[null::uuid])`,
      [organization.id],
    );
    await reserveJobs(database.pool, items);
    for (const item of items) {
      const [begun] = await beginJobs(database.pool, [{ id: item.id, leaseToken: null }], {
        worker: 't',
        leaseSeconds: 60,
      });
      const lease = { id: item.id, leaseToken: begun?.lease_token ?? '' };
      await openAttempts(database.pool, [opened(lease)]);
      await settleJobs(database.pool, [settlement(item.id, lease.leaseToken, item.credits)]);
    }
    const { rows } = await database.pool.query(
      'select reference_id, remaining from credit_grants where organization_id = $1 and remaining > 0 order by expires_at nulls last',
      [organization.id],
    );
    expect(rows.map((row) => row.remaining)).toEqual([14, 3]);
    await expectSound(organization);
  });

  it('are given and taken once per reference, never below what is held', async () => {
    const organization = await makeOrganization(database.pool, 10, 10);
    await reserveJobs(database.pool, [reservation(organization, { credits: 8 })]);
    const debit = (amount: number, reference: string) =>
      database.pool.query(
        `select code, balance_after from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[$2::bigint], array['t'],
          array[$3], array['t'], array[null::uuid])`,
        [organization.id, amount, reference],
      );
    expect((await debit(3, 'a')).rows).toEqual([{ code: 'insufficient_credits', balance_after: null }]);
    const twice = await Promise.all([debit(2, 'b'), debit(2, 'b')]);
    expect(twice.map((result) => result.rows[0].code).sort()).toEqual(['debited', 'replayed']);
    await expect(debit(-5, 'c')).rejects.toThrow(/positive/);
    await expectSound(organization);
  });
});

describe('claim_schedule', () => {
  it('lets exactly one of thirty callers run', async () => {
    const name = `test-${randomUUID()}`;
    const claims = await Promise.all(Array.from({ length: 30 }, () => claimSchedule(database.pool, name, 3600)));
    expect(claims.filter(Boolean)).toHaveLength(1);
  });
});
