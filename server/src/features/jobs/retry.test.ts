import { randomUUID } from 'node:crypto';
import type { Job } from '@base/shared/contracts/jobs';
import { job as jobSchema } from '@base/shared/contracts/jobs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endOf, expectSoundLedger, newMarker, orderJob, readAccount, readJob, setBalance } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const retry = (tenant: TestTenant, id: string, headers: Record<string, string> = {}) =>
  api.call('POST', `/api/v1/jobs/${id}/retry`, { token: tenant.token, headers });

async function makeCanceled(tenant: TestTenant, model = 'replicate/flux-schnell'): Promise<Job> {
  const { id } = await orderJob(api, tenant, { model, sandbox: 'latency=60000' });
  await api.call('POST', `/api/v1/jobs/${id}/cancel`, { token: tenant.token });
  return readJob(api, tenant, id);
}

it('makes a new job of a failed one, which ends on its own', async () => {
  const tenant = await makeTenant(api);
  // The fault strikes once, so the retry works.
  const { id } = await orderJob(api, tenant, { marker: newMarker(), sandbox: 'fault=401, times=1' });
  const failed = await endOf(api, tenant, id);
  expect(failed).toMatchObject({ status: 'failed', retry_of: null });
  const answer = await retry(tenant, id);
  expect(answer.status, answer.text).toBe(202);
  const made = jobSchema.parse(answer.body);
  expect(made).toMatchObject({ retry_of: id, model: failed.model, input: failed.input, credits: { held: 1 } });
  expect(made.id).not.toBe(id);
  expect(answer.headers.get('location')).toBe(made.urls.self);
  expect(await endOf(api, tenant, made.id)).toMatchObject({ status: 'completed', retry_of: id });
  expect(await readJob(api, tenant, id)).toEqual(failed);
  await expectSoundLedger(api, tenant);
});

it('keeps project, metadata and fallback', async () => {
  const tenant = await makeTenant(api);
  const projectId = randomUUID();
  await api.deps.pool.query('insert into projects (id, organization_id, created_by, name) values ($1, $2, $3, $4)', [
    projectId,
    tenant.organizationId,
    tenant.userId,
    'test',
  ]);
  const body = {
    model: 'replicate/flux-schnell',
    input: { prompt: `${newMarker()} [sandbox: latency=60000]` },
    project_id: projectId,
    metadata: { order: '7' },
    fallback: true,
  };
  const ordered = await api.call('POST', '/api/v1/jobs', { token: tenant.token, body });
  expect(ordered.status, ordered.text).toBe(202);
  await api.call('POST', `/api/v1/jobs/${ordered.body.id}/cancel`, { token: tenant.token });
  const answer = await retry(tenant, String(ordered.body.id));
  expect(answer.body).toMatchObject({ project_id: projectId, metadata: { order: '7' } });
  const { rows } = await api.deps.pool.query('select fallbacks from ai_jobs where id = $1', [answer.body.id]);
  expect(rows[0]?.fallbacks).toMatchObject([{ provider: 'fal', model: 'flux-schnell' }]);
});

it('refuses a live job and a completed one, and changes nothing', async () => {
  const tenant = await makeTenant(api);
  const live = await orderJob(api, tenant, { sandbox: 'latency=60000' });
  const refused = await retry(tenant, live.id);
  expect(refused.status).toBe(409);
  expect(refused.body.code).toBe('job_not_retryable');
  expect(['queued', 'processing']).toContain(refused.body.job_status);
  const done = await orderJob(api, tenant);
  await endOf(api, tenant, done.id);
  expect((await retry(tenant, done.id)).body).toMatchObject({ code: 'job_not_retryable', job_status: 'completed' });
  expect(await readAccount(api, tenant)).toEqual({ available: 48, held: 1, balance: 49 });
});

it('is admitted like any other: credits decide', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const job = await makeCanceled(tenant);
  await setBalance(api, tenant, 0);
  expect((await retry(tenant, job.id)).body).toMatchObject({ status: 402, code: 'insufficient_credits' });
  await expectSoundLedger(api, tenant);
});

it('holds once for the same Idempotency-Key, and refuses the key for another job', async () => {
  const tenant = await makeTenant(api);
  const [one, two] = [await makeCanceled(tenant), await makeCanceled(tenant)];
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [await retry(tenant, one.id, headers), await retry(tenant, one.id, headers)];
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.id).toBe(first.body.id);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect((await retry(tenant, two.id, headers)).body).toMatchObject({ code: 'idempotency_key_reused' });
  await expectSoundLedger(api, tenant);
});

it('names the successor when the model has been retired meanwhile', async () => {
  const tenant = await makeTenant(api);
  const job = await makeCanceled(tenant);
  await api.deps.pool.query(`update ai_jobs set provider = 'openai', model = 'dall-e-3' where id = $1`, [job.id]);
  const answer = await retry(tenant, job.id);
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code: 'model_retired', successor: 'openai/gpt-image-2' });
});
