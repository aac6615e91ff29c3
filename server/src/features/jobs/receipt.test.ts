import { type JobReceipt, jobReceipt, job as jobSchema } from '@base/shared/contracts/jobs';
import { openAttempts, recordAttempts, releaseJobs } from '@base/shared/db/queries/job-lifecycle';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endOf, expectSoundLedger, orderJob } from '../../testing/jobs.ts';
import { makeLiveJob } from '../../testing/make-live-job.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function readReceipt(tenant: TestTenant, id: string): Promise<JobReceipt> {
  const answer = await api.call('GET', `/api/v1/jobs/${id}/receipt`, { token: tenant.token });
  expect(answer.status, answer.text).toBe(200);
  return jobReceipt.parse(answer.body);
}

it('shows quote, hold, attempt, settlement and ledger of a completed job, which agree', async () => {
  const tenant = await makeTenant(api);
  const { id } = await orderJob(api, tenant, { input: { num_outputs: 3 } });
  const job = await endOf(api, tenant, id);
  const receipt = await readReceipt(tenant, id);
  expect(receipt).toMatchObject({
    job_id: id,
    status: 'completed',
    model: 'replicate/flux-schnell',
    served_by: 'replicate/flux-schnell',
    key_source: 'platform',
    quote: { credits: 3, cost_usd: '0.009000', price: { credits: 1, own_key_credits: 0, unit: 'image' } },
    hold: { amount: 3, status: 'captured', captured: 3, released: 0 },
    attempts: [{ number: 1, provider: 'replicate', model: 'flux-schnell', status: 'succeeded', error: null }],
    settlement: { credits: 3, cost_usd: job.cost_usd, units: 3, tokens: null },
    transactions: [{ type: 'usage', amount: -3, balance_after: 47, reference_id: id }],
  });
  expect(receipt.attempts[0]).toMatchObject({
    provider_task_id: expect.any(String),
    cost_usd: job.cost_usd,
    ended_at: job.completed_at,
  });
});

it('shows the tokens of a text, and charges them by the price', async () => {
  const tenant = await makeTenant(api);
  const messages = [{ role: 'user', content: 'Tell me of kites. [sandbox: latency=50, tokens=300]' }];
  const answer = await api.call('POST', '/api/v1/jobs', {
    token: tenant.token,
    headers: { prefer: 'wait=60' },
    body: { model: 'openai/gpt-6-luna', input: { messages, max_completion_tokens: 2000 } },
  });
  expect(answer.status, answer.text).toBe(201);
  const job = jobSchema.parse(answer.body);
  expect(job).toMatchObject({ status: 'completed', type: 'text', generation_ids: [] });
  expect(job.output).toEqual({ text: expect.stringMatching(/\w/), finish_reason: 'stop' });
  const { input = 0, output = 0 } = job.tokens ?? {};
  expect(input).toBeGreaterThan(0);
  expect(output).toBe(300);
  const credits = Math.ceil((input * 0.25 + output) / 1000);
  const receipt = await readReceipt(tenant, job.id);
  expect(receipt.settlement).toMatchObject({ credits, units: 0, tokens: { input, output } });
  expect(receipt.hold).toMatchObject({ amount: 3, captured: credits, released: 3 - credits });
  await expectSoundLedger(api, tenant);
});

it('shows what is on hold while the job runs', async () => {
  const tenant = await makeTenant(api);
  const { id } = await orderJob(api, tenant, { sandbox: 'latency=60000' });
  expect(await readReceipt(tenant, id)).toMatchObject({
    served_by: null,
    hold: { amount: 1, status: 'held', captured: 0, released: 0, resolved_at: null },
    settlement: null,
    transactions: [],
  });
});

it('tells of each attempt in our words only, and nothing of what it may have cost us', async () => {
  const tenant = await makeTenant(api);
  const { pool } = api.deps;
  const { id, leaseToken, attemptId, taskId } = await makeLiveJob(api, tenant);
  const secret = 'the provider said: key r8_secret';
  await recordAttempts(pool, [
    { attemptId, status: 'failed', errorCode: 'provider_unavailable', errorDetail: secret, costAtRiskUsd: '0.5' },
  ]);
  const second = uuidV7();
  await openAttempts(pool, [{ id, leaseToken, attemptId: second, provider: 'fal', model: 'flux-schnell' }]);
  const [released] = await releaseJobs(pool, [
    { id, leaseToken, status: 'failed', errorCode: 'outcome_unknown', errorDetail: secret },
  ]);
  expect(released?.kind).toBe('released');
  const receipt = await readReceipt(tenant, id);
  expect(receipt).toMatchObject({
    status: 'failed',
    served_by: null,
    hold: { amount: 1, status: 'released', captured: 0, released: 1, resolved_at: expect.any(String) },
    attempts: [
      {
        number: 1,
        provider: 'replicate',
        status: 'failed',
        provider_task_id: taskId,
        error: { code: 'provider_unavailable', message: 'The provider was not available.' },
      },
      { number: 2, provider: 'fal', status: 'abandoned', provider_task_id: null, error: { code: 'outcome_unknown' } },
    ],
    settlement: null,
    transactions: [],
  });
  expect(JSON.stringify(receipt)).not.toMatch(/r8_secret|at_risk/);
  await expectSoundLedger(api, tenant);
});
