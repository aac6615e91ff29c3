import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeGeneration } from '../../testing/make-generation.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import { completeTextJob, failTextJob, takeTextJob } from '../../testing/text-jobs.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const usage = (tenant: TestTenant, query = '') =>
  api.call('GET', `/api/v1/tokens/usage${query}`, { token: tenant.token });
const month = () => new Date().toISOString().slice(0, 7);

it('adds up what completed text jobs have used in the month, and tells what is left', async () => {
  const tenant = await makeTenant(api, { plan: 'starter' });
  const stranger = await makeTenant(api);
  const written = { text: 'a kite', tokensIn: 1_000, tokensOut: 200, credits: 3, costUsd: '0.001230' };
  for (const who of [tenant, tenant, stranger]) {
    await completeTextJob(api, await takeTextJob(api, who), written);
  }
  await failTextJob(api, await takeTextJob(api, tenant));
  const running = await takeTextJob(api, tenant);
  const { body } = await usage(tenant);
  const { rows } = await api.deps.pool.query<{ last_at: Date }>(
    'select max(completed_at) as last_at from ai_jobs where organization_id = $1 and tokens_in is not null',
    [tenant.organizationId],
  );
  expect(body).toEqual({
    object: 'token_usage',
    month: month(),
    tokens: { input: 2_000, output: 400 },
    generations: 2,
    credits: 6,
    cost_usd: '0.002460',
    last_at: rows[0]?.last_at.toISOString(),
    // 50 to begin with, 6 used, 10 held by the job that runs.
    limit: { credits_per_month: 500, credits_used: 6, credits_available: 34 },
  });
  await failTextJob(api, running);
});

it('counts text only', async () => {
  const tenant = await makeTenant(api);
  await makeGeneration(tenant);
  expect((await usage(tenant)).body).toMatchObject({ generations: 0, credits: 0, cost_usd: '0.000000', last_at: null });
});

it('tells months apart', async () => {
  const tenant = await makeTenant(api);
  await completeTextJob(api, await takeTextJob(api, tenant), { text: 'a kite' });
  expect((await usage(tenant, `?month=${month()}`)).body).toMatchObject({ generations: 1 });
  expect((await usage(tenant, '?month=2020-02')).body).toMatchObject({
    month: '2020-02',
    tokens: { input: 0, output: 0 },
    generations: 0,
    last_at: null,
  });
});

it.each(['2026-13', '2026', '0000-01', `${randomUUID()}`, ''])('refuses the month %j', async (text) => {
  const answer = await usage(await makeTenant(api), `?month=${text}`);
  expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer: '/query/month' }] });
});
