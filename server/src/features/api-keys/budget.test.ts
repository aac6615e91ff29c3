import { isFinal } from '@base/shared/contracts/jobs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { endOf, expectSoundLedger, order, orderJob, readJob, setBalance } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  [api, other] = await Promise.all([startApi(), startApi()]);
});
afterAll(() => Promise.all([api.close(), other.close()]));

interface BoundedKey {
  id: string;
  /** The tenant, calling with the key. */
  holder: TestTenant;
}

async function makeTenantWithCredits(): Promise<TestTenant> {
  const tenant = await makeTenant(api, { plan: 'enterprise' });
  await setBalance(api, tenant, 500);
  return tenant;
}

async function makeBoundedKey(tenant: TestTenant, budget: number | null): Promise<BoundedKey> {
  const body = { name: 'bounded', monthly_credit_budget: budget };
  return readMadeKey(tenant, await api.call('POST', '/api/v1/api-keys', { token: tenant.token, body }));
}

function readMadeKey(tenant: TestTenant, { body, status, text }: Answer): BoundedKey {
  expect(status, text).toBe(201);
  return { id: String(body.id), holder: { ...tenant, token: String(body.key) } };
}

async function readMonth(tenant: TestTenant, id: string): Promise<unknown> {
  const { body } = await api.call('GET', `/api/v1/api-keys/${id}`, { token: tenant.token });
  return body.credits_this_month;
}

const firstOfNextMonth = () => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
};

it('admits exactly 20 of 50 orders that come at once over two nodes with a budget for 20', async () => {
  const tenant = await makeTenantWithCredits();
  const { id, holder } = await makeBoundedKey(tenant, 20);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => order(index % 2 === 0 ? api : other, holder, { sandbox: 'latency=20' })),
  );
  const admitted = answers.filter((answer) => answer.status === 202);
  const refused = answers.filter((answer) => answer.status === 402);
  expect([admitted.length, refused.length]).toEqual([20, 30]);
  for (const { body } of refused) {
    expect(body).toMatchObject({
      code: 'key_budget_reached',
      budget: 20,
      required: 1,
      resets_at: firstOfNextMonth(),
    });
    expect(Number(body.used) + Number(body.held)).toBe(20);
  }
  for (const { body } of admitted) await endOf(api, tenant, String(body.id));
  expect(await readMonth(tenant, id)).toEqual({ used: 20, held: 0, resets_at: firstOfNextMonth() });
  expect((await order(api, holder)).body.code).toBe('key_budget_reached');
  // Not the organization's fault: its people go on.
  expect((await order(api, tenant)).status).toBe(202);
  await expectSoundLedger(api, tenant);
});

it('gives back what a job does not use', async () => {
  const tenant = await makeTenantWithCredits();
  const { id, holder } = await makeBoundedKey(tenant, 1);
  const job = await orderJob(api, holder, { sandbox: 'latency=60000' });
  expect(await readMonth(tenant, id)).toMatchObject({ used: 0, held: 1 });
  expect((await order(api, holder)).body).toMatchObject({ code: 'key_budget_reached', used: 0, held: 1, required: 1 });
  await api.call('POST', `/api/v1/jobs/${job.id}/cancel`, { token: tenant.token });
  expect(isFinal((await readJob(api, tenant, job.id)).status)).toBe(true);
  expect(await readMonth(tenant, id)).toMatchObject({ used: 0, held: 0 });
  await orderJob(api, holder, { sandbox: 'latency=60000' });
  await expectSoundLedger(api, tenant);
});

it('repeats an admitted order by its Idempotency-Key also when the budget is spent', async () => {
  const tenant = await makeTenantWithCredits();
  const { holder } = await makeBoundedKey(tenant, 1);
  const repeat = { marker: 'the-same', sandbox: 'latency=60000', headers: { 'idempotency-key': 'budget-1' } };
  const first = await order(api, holder, repeat);
  const second = await order(other, holder, repeat);
  expect([first.status, second.body.id]).toEqual([202, first.body.id]);
  await expectSoundLedger(api, tenant);
});

it('is one budget for a key and its successors: rotating does not renew it', async () => {
  const tenant = await makeTenantWithCredits();
  const old = await makeBoundedKey(tenant, 3);
  const next = readMadeKey(
    tenant,
    await api.call('POST', `/api/v1/api-keys/${old.id}/rotate`, { token: tenant.token, body: {} }),
  );
  const slow = { sandbox: 'latency=60000' };
  await orderJob(api, old.holder, slow);
  await orderJob(api, next.holder, slow);
  await orderJob(other, old.holder, slow);
  for (const { holder } of [old, next]) {
    expect((await order(api, holder, slow)).body).toMatchObject({ code: 'key_budget_reached', used: 0, held: 3 });
  }
  expect(await readMonth(tenant, old.id)).toEqual(await readMonth(tenant, next.id));
  await expectSoundLedger(api, tenant);
});

it('follows a changed budget at once, on every node, and knows the month of a key that had none', async () => {
  const tenant = await makeTenantWithCredits();
  const { id, holder } = await makeBoundedKey(tenant, null);
  const job = await orderJob(api, holder);
  await endOf(api, tenant, job.id);
  const setBudget = (budget: unknown) =>
    api.call('PATCH', `/api/v1/api-keys/${id}`, { token: tenant.token, body: { monthly_credit_budget: budget } });
  const set = await setBudget(1);
  expect(set.body).toMatchObject({ monthly_credit_budget: 1, credits_this_month: { used: 1, held: 0 } });
  expect((await order(other, holder)).body).toMatchObject({ code: 'key_budget_reached', used: 1, held: 0 });
  await setBudget(2);
  expect((await order(other, holder)).status).toBe(202);
  for (const bad of [0, -1, 1.5, '5', 2_000_000_000]) {
    expect((await setBudget(bad)).body, String(bad)).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: '/monthly_credit_budget' }],
    });
  }
  await expectSoundLedger(api, tenant);
});

it('lists every key with its month in one query', async () => {
  const tenant = await makeTenantWithCredits();
  const spent = await makeBoundedKey(tenant, 9);
  const idle = await makeBoundedKey(tenant, null);
  const job = await orderJob(api, spent.holder);
  await endOf(api, tenant, job.id);
  // Kysely and the pool's own callers all ask through a client of the pool.
  const asked = vi.spyOn(pg.Client.prototype, 'query');
  const { body } = await api.call('GET', '/api/v1/api-keys', { token: tenant.token });
  const questions = asked.mock.calls.filter(([question]) => JSON.stringify(question)?.includes('find_key_usage'));
  asked.mockRestore();
  expect(questions).toHaveLength(1);
  const rows = body.data as { id: string; monthly_credit_budget: number | null; credits_this_month: unknown }[]; // checked by the API in tests
  expect(rows.map((row) => [row.id, row.monthly_credit_budget, row.credits_this_month])).toEqual([
    [idle.id, null, { used: 0, held: 0, resets_at: firstOfNextMonth() }],
    [spent.id, 9, { used: 1, held: 0, resets_at: firstOfNextMonth() }],
  ]);
});
