import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGeneration } from '../../testing/make-generation.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const read = (path: string, { token }: TestTenant) => api.call('GET', `/api/v1${path}`, { token });

describe('credits', () => {
  it('shows account, grants in the order of spending, ledger and holds', async () => {
    const { pool } = api.deps;
    const owner = await makeTenant(api);
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    await pool.query(
      `select * from credit_credits(array[$1::uuid], array['purchase'::transaction_type], array[30::bigint], array['test'], array['1'], array['Pack'], array[$2::timestamptz], array[null::uuid])`,
      [owner.organizationId, soon],
    );
    const account = await read('/credits', owner);
    expect(account.body).toMatchObject({
      available: 80,
      held: 0,
      balance: 80,
      lifetime_purchased: 30,
      lifetime_bonus: 50,
    });
    expect(account.body.grants).toEqual([
      { source: 'purchase', remaining: 30, expires_at: soon },
      { source: 'bonus', remaining: 50, expires_at: expect.any(String) },
    ]);
    const ledger = await read('/credits/transactions', owner);
    expect(ledger.body.data).toMatchObject([
      { type: 'purchase', amount: 30, balance_after: 80, description: 'Pack' },
      { type: 'bonus', amount: 50, balance_after: 50, user_id: owner.userId },
    ]);
    const bought = await read('/credits/transactions?type=purchase&limit=1', owner);
    expect(bought.body).toMatchObject({ data: [{ type: 'purchase' }], has_more: false, next_cursor: null });
    expect((await read('/credits/holds?status=held', owner)).body.data).toEqual([]);
    expect((await read('/credits/holds?status=lost', owner)).status).toBe(422);
  });
});

describe('credits and a job', () => {
  it('shows the hold captured and the charge in the ledger', async () => {
    const owner = await makeTenant(api);
    const generationId = await makeGeneration(owner);
    const { body: generation } = await read(`/generations/${generationId}`, owner);
    const holds = await read('/credits/holds', owner);
    expect(holds.body.data).toMatchObject([
      { job_id: generation.job_id, amount: 1, status: 'captured', captured_amount: 1, resolved_at: expect.any(String) },
    ]);
    const usage = await read('/credits/transactions?type=usage', owner);
    expect(usage.body.data).toMatchObject([{ amount: -1, balance_after: 49, reference_id: generation.job_id }]);
    const account = await read('/credits', owner);
    expect(account.body).toMatchObject({
      available: 49,
      held: 0,
      lifetime_used: 1,
      period: { images: 1, credits_used: 1 },
    });
  });

  it('pages through the ledger without gaps or repeats', async () => {
    const owner = await makeTenant(api);
    await Promise.all([makeGeneration(owner), makeGeneration(owner)]);
    const first = await read('/credits/transactions?limit=2', owner);
    expect(first.body).toMatchObject({ has_more: true, data: [{ balance_after: 48 }, { balance_after: 49 }] });
    const next = `/credits/transactions?limit=2&cursor=${first.body.next_cursor}`;
    const second = await read(next, owner);
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null, data: [{ balance_after: 50 }] });
  });
});
