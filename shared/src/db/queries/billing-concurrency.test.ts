import fc from 'fast-check';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  claim,
  day,
  type Ledger,
  makeAccount,
  openLedger,
  payment,
  readAccount,
  settle,
  start,
  subscribe,
} from '../../testing/open-ledger.ts';
import { type Organization, reservation } from '../../testing/order-jobs.ts';
import { type AppliedPayment, applyPayment, openCheckout, passTime } from './billing.ts';
import { releaseJobs } from './job-lifecycle.ts';
import { reserveJobs } from './reserve-jobs.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'concurrency');
});
afterAll(() => ledger.close());

const workers = 8;
const stepsEach = 80;

const kinds = [
  'pay',
  'pay',
  'again',
  'claim',
  'claim',
  'order',
  'order',
  'settle',
  'release',
  'time',
  'time',
  'plan',
  'plan',
  'plan',
  'checkout',
] as const;
const step = fc.record({
  kind: fc.constantFrom(...kinds),
  first: fc.boolean(),
  pick: fc.nat(1000),
  amount: fc.integer({ min: 1, max: 40 }),
  isActive: fc.boolean(),
  days: fc.integer({ min: 0, max: 60 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What all workers share: they see each other's payments, and each takes a job for itself. */
interface Shared {
  organizations: readonly [Organization, Organization];
  payments: AppliedPayment[];
  jobs: string[];
}

async function take(one: Step, shared: Shared): Promise<void> {
  const { kind, first, pick, amount, isActive, days } = one;
  const { pool } = ledger;
  const organization = shared.organizations[first ? 0 : 1];
  const known = shared.payments[pick % Math.max(1, shared.payments.length)];
  switch (kind) {
    case 'pay': {
      const made = payment(organization, amount, isActive ? day(days) : null);
      shared.payments.push(made);
      await applyPayment(pool, made);
      return;
    }
    case 'again':
      if (known) await applyPayment(pool, known);
      return;
    case 'claim':
      if (known)
        await claim(pool, known.paymentId, amount, {
          claimId: `cl_${pick % 2}_${known.paymentId}`,
          isActive,
          asOf: day(days),
        });
      return;
    case 'order': {
      const items = (first ? shared.organizations : shared.organizations.toReversed()).map((each) =>
        reservation(each, { credits: amount % 9 }),
      );
      const results = await reserveJobs(pool, items);
      shared.jobs.push(...items.filter((_, index) => results[index]?.code === 'admitted').map((item) => item.id));
      return;
    }
    case 'settle': {
      const [id] = shared.jobs.splice(pick % Math.max(1, shared.jobs.length), 1);
      if (id !== undefined) await settle(pool, id, amount % 9);
      return;
    }
    case 'release': {
      const ids = shared.jobs.splice(pick % Math.max(1, shared.jobs.length), 3).reverse();
      await releaseJobs(
        pool,
        ids.map((id) => ({ id, leaseToken: null, status: 'canceled' })),
      );
      return;
    }
    case 'time':
      await passTime(pool, day(days), 1 + (pick % 2));
      return;
    case 'plan':
      return changePlan(organization, one);
    case 'checkout':
      return order(organization, one);
  }
}

/** Always the newest: each takes or gives the plan. */
async function changePlan(organization: Organization, { first, pick, amount, isActive, days }: Step): Promise<void> {
  await subscribe(ledger.pool, organization, {
    status: isActive ? 'active' : 'past_due',
    planId: first ? 'keeper' : 'starter',
    gatewayId: `sub_${pick % 2}_${organization.id}`,
    graceDays: amount % 2,
    periodStart: day(days),
    periodEnd: day(days + 31),
    asOf: new Date(),
    now: start,
  });
}

async function order(organization: Organization, { isActive, days }: Step): Promise<void> {
  await openCheckout(ledger.pool, {
    id: uuidV7(),
    organizationId: organization.id,
    userId: organization.userId,
    gateway: 'stripe',
    planId: isActive ? 'keeper' : null,
    interval: isActive ? 'month' : null,
    packId: isActive ? null : 'credits-5000',
    method: null,
    makingSeconds: 0,
    expiresAt: day(days),
    now: start,
  });
}

it('eight connections that do everything at once to two accounts never wait for each other in a circle, and the ledger holds', {
  timeout: 120_000,
}, async () => {
  for (const seed of [1, 2, 3]) {
    const organizations = [await makeAccount(ledger.pool, 'free'), await makeAccount(ledger.pool, 'keeper')] as const;
    const shared: Shared = { organizations, payments: [], jobs: [] };
    const lives = fc.sample(fc.array(step, { minLength: stepsEach, maxLength: stepsEach }), { seed, numRuns: workers });
    const ends = await Promise.allSettled(
      lives.map(async (steps) => {
        for (const one of steps) await take(one, shared);
      }),
    );
    expect(ends.filter((end) => end.status === 'rejected')).toEqual([]);
    expect(await ledger.violations()).toEqual([]);
    await releaseJobs(
      ledger.pool,
      shared.jobs.map((id) => ({ id, leaseToken: null, status: 'canceled' })),
    );
    for (const organization of organizations)
      expect(await readAccount(ledger.pool, organization)).toMatchObject({ held: 0, active_jobs: 0 });
    expect(await ledger.violations()).toEqual([]);
  }
});
