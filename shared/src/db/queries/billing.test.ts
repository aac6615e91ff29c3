import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  claim,
  day,
  hold,
  type Ledger,
  makeAccount,
  openLedger,
  pay,
  payment,
  readAccount,
  readGrants,
  release,
  settle,
  start,
} from '../../testing/open-ledger.ts';
import { reservation } from '../../testing/order-jobs.ts';
import { applyPayment, passTime } from './billing.ts';
import { reserveJobs } from './reserve-jobs.ts';

let ledger: Ledger;
let pool: Pool;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'billing');
  pool = ledger.pool;
});
afterAll(() => ledger.close());
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});

const dispute = (asOf: number, isActive: boolean) =>
  ({ claimId: `dp_${randomUUID()}`, kind: 'dispute', isActive, asOf: day(asOf) }) as const;

describe('a payment', () => {
  it('brings its credits once, although twenty say so at once and again later', async () => {
    const organization = await makeAccount(pool);
    const made = payment(organization, 70);
    const codes = await Promise.all(Array.from({ length: 20 }, () => applyPayment(pool, made)));
    expect(codes.filter((code) => code === 'granted')).toHaveLength(1);
    expect(codes.filter((code) => code === 'replayed')).toHaveLength(19);
    expect(await applyPayment(pool, made)).toBe('replayed');
    expect((await readAccount(pool, organization)).balance).toBe(70);
  });

  it('gives every line its own end, and none to lines without credits', async () => {
    const organization = await makeAccount(pool);
    const lines = [
      { reference: `line_${randomUUID()}`, credits: 30, expires_at: null, description: 'Pack' },
      { reference: `line_${randomUUID()}`, credits: 0, expires_at: day(2).toISOString(), description: 'Nothing' },
      { reference: `line_${randomUUID()}`, credits: 20, expires_at: day(31).toISOString(), description: 'Month' },
    ];
    await applyPayment(pool, payment(organization, 50, day(31), { lines }));
    expect((await readGrants(pool, organization)).map((grant) => [grant.remaining, grant.expires_at])).toEqual([
      [20, day(31)],
      [30, null],
    ]);
  });

  it('of nobody brings nothing, and may come again when the organization is there', async () => {
    const stranger = payment({ id: randomUUID(), userId: randomUUID() }, 10);
    expect(await applyPayment(pool, stranger)).toBe('organization_not_found');
    const organization = await makeAccount(pool);
    expect(await applyPayment(pool, { ...stranger, organizationId: organization.id })).toBe('granted');
  });

  it('without money or credits is kept, and a claim on it takes nothing', async () => {
    const organization = await makeAccount(pool);
    const made = payment(organization, 0, null, { lines: [] });
    expect(await applyPayment(pool, made)).toBe('granted');
    expect(await claim(pool, made.paymentId, 10)).toBe('applied');
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, debt: 0 });
  });
});

describe('a refund', () => {
  it('takes the share of the credits that its money stands for, summed up and rounded in the customer’s favour', async () => {
    const organization = await makeAccount(pool);
    const made = payment(organization, 100, null, { amountCents: 1000 });
    await applyPayment(pool, made);
    const balances: number[] = [];
    for (const [index, cents] of [333, 333, 334].entries()) {
      await claim(pool, made.paymentId, cents, { claimId: `re_${index}_${made.paymentId}` });
      balances.push((await readAccount(pool, organization)).balance);
    }
    expect(balances).toEqual([67, 34, 0]);
  });

  it('takes no more than the payment brought, and finds it by its charge too', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100);
    await pay(pool, organization, 11);
    expect(await claim(pool, `ch_${id}`, 5000)).toBe('applied');
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 11, debt: 0 });
    expect(await claim(pool, 'pay_of_nobody', 5)).toBe('payment_not_found');
  });

  it('takes what the payment itself brought before anything else', async () => {
    const organization = await makeAccount(pool);
    await pay(pool, organization, 40, day(10));
    const id = await pay(pool, organization, 30);
    await claim(pool, id, 10);
    expect((await readGrants(pool, organization)).map((grant) => grant.remaining)).toEqual([40, 20]);
    await settle(pool, await hold(pool, organization, 60), 55);
    await claim(pool, id, 30, { asOf: day(1) });
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, debt: 15 });
  });

  it('happens once, although twenty say so at once', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 50);
    const codes = await Promise.all(Array.from({ length: 20 }, () => claim(pool, id, 20)));
    expect(codes.filter((code) => code === 'applied')).toHaveLength(1);
    expect((await readAccount(pool, organization)).balance).toBe(30);
  });
});

describe('claims in any order', () => {
  const observation = fc.record({
    claim: fc.nat(3),
    amountCents: fc.constantFrom(0, 33, 70, 130),
    isActive: fc.boolean(),
  });

  it('come to the same end: what was asked last about each counts, and credits less debt follow from it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(observation, { minLength: 1, maxLength: 8 }).chain((made) =>
          fc.record({
            made: fc.constant(made),
            order: fc.shuffledSubarray([...made.keys(), ...made.keys()], { minLength: made.length * 2 }),
          }),
        ),
        fc.integer({ min: 0, max: 130 }),
        async ({ made, order }, spent) => {
          const organization = await makeAccount(pool);
          const id = await pay(pool, organization, 100);
          await pay(pool, organization, 30, day(20));
          await settle(pool, await hold(pool, organization, spent), spent);
          for (const at of order) {
            const seen = made[at];
            if (!seen) throw new Error('no observation');
            const { amountCents, isActive } = seen;
            const claimId = `cl_${seen.claim}_${id}`;
            const kind = seen.claim % 2 === 0 ? 'refund' : 'dispute';
            await claim(pool, id, amountCents, { claimId, kind, isActive, asOf: day(at) });
          }
          const last = new Map<number, number>(made.map((seen) => [seen.claim, seen.isActive ? seen.amountCents : 0]));
          const taken = Math.min(
            100,
            [...last.values()].reduce((sum, cents) => sum + cents, 0),
          );
          const account = await readAccount(pool, organization);
          expect(account.balance - account.debt).toBe(130 - spent - taken);
          expect(Math.min(account.balance, account.debt)).toBe(0);
          expect(await ledger.violations()).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('that were asked earlier and come later change nothing, also after the same news twice', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100);
    expect(await claim(pool, id, 40, { asOf: day(1) })).toBe('applied');
    expect(await claim(pool, id, 40, { asOf: day(3) })).toBe('unchanged');
    expect(await claim(pool, id, 40, { asOf: day(2), isActive: false })).toBe('stale');
    expect((await readAccount(pool, organization)).balance).toBe(60);
  });

  it('that are won, lost and won again give back what they took', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100, day(31));
    const lost = dispute(1, true);
    await claim(pool, id, 100, lost);
    expect((await readAccount(pool, organization)).balance).toBe(0);
    await claim(pool, id, 100, { ...lost, isActive: false, asOf: day(2) });
    expect(await readGrants(pool, organization)).toMatchObject([{ remaining: 100, expires_at: day(31) }]);
    await claim(pool, id, 100, { ...lost, asOf: day(3) });
    await claim(pool, id, 100, { ...lost, isActive: false, asOf: day(4) });
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 100, debt: 0 });
  });
});

describe('a debt', () => {
  it('is what was spent of money that went back: no job is admitted, and the next credits pay it first', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100);
    await settle(pool, await hold(pool, organization, 80), 80);
    await claim(pool, id, 100);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, debt: 80 });
    const refused = await reserveJobs(pool, [reservation(organization, { credits: 0 })]);
    expect(refused).toMatchObject([{ code: 'credits_owed', figures: { owed: 80, available: 0 } }]);
    await pay(pool, organization, 50);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, debt: 30 });
    await pay(pool, organization, 50);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 20, debt: 0 });
    await hold(pool, organization, 20);
  });

  it('leaves jobs under way their credits, and is paid from those that come back', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100);
    const [first, second] = [await hold(pool, organization, 60), await hold(pool, organization, 30)];
    await claim(pool, id, 100);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 90, held: 90, debt: 90 });
    await settle(pool, first, 50);
    await release(pool, second);
    const paid = await Promise.all(Array.from({ length: 5 }, () => passTime(pool, start, 1000)));
    expect(paid.reduce((sum, { collected }) => sum + collected, 0)).toBe(40);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, held: 0, debt: 50 });
  });

  it('is waived when the money comes again, before credits are given', async () => {
    const organization = await makeAccount(pool);
    const id = await pay(pool, organization, 100);
    await settle(pool, await hold(pool, organization, 70), 70);
    const lost = dispute(1, true);
    await claim(pool, id, 100, lost);
    await pay(pool, organization, 20);
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 0, debt: 50 });
    await claim(pool, id, 100, { ...lost, isActive: false, asOf: day(2) });
    expect(await readAccount(pool, organization)).toMatchObject({ balance: 50, debt: 0 });
    const { rows } = await pool.query('select amount, collected, waived from credit_debts where organization_id = $1', [
      organization.id,
    ]);
    expect(rows).toEqual([{ amount: 70, collected: 20, waived: 50 }]);
  });
});
