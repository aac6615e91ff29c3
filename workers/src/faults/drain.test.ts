import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, type OrderedJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, workers: 0 });
});
afterAll(() => fleet?.close());

function order(tenant: Tenant, count: number, sandbox: string): Promise<OrderedJob[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      createJob(fleet, tenant, { sandbox, model: index % 3 === 0 ? 'freepik/mystic' : 'replicate/flux-schnell' }),
    ),
  );
}

/** Waits until as many of the jobs have reached their provider. */
async function untilSubmitted(jobs: OrderedJob[], count: number): Promise<void> {
  await until(`${count} jobs are at their provider`, async () => {
    const { rows } = await fleet.pool.query<{ count: string }>(
      'select count(*) from provider_attempts where provider_task_id is not null and job_id = any ($1)',
      [jobs.map((job) => job.id)],
    );
    return Number(rows[0]?.count) >= count;
  });
}

async function expectEachDoneOnce(tenant: Tenant, jobs: OrderedJob[]): Promise<void> {
  const rows = await waitForJobs(fleet, jobs, { timeoutMs: 40_000 });
  expect(rows.map((row) => row.status)).toEqual(jobs.map(() => 'completed'));
  const calls = await Promise.all(jobs.map((job) => paidCalls(job.marker)));
  expect(calls.map((found) => found.length)).toEqual(jobs.map(() => 1));
  await expectSound(fleet, tenant, jobs);
}

test('a worker told to end under load ends with 0 within its limit, and others finish its jobs', async () => {
  const tenant = await newTenant(fleet, { plan: 'business', credits: 500 });
  const leaving = await fleet.startWorker({ SHUTDOWN_SECONDS: '6' });
  const jobs = await order(tenant, 40, 'latency=800');
  await untilSubmitted(jobs, 10);
  const startedAt = performance.now();
  leaving.signal('SIGTERM');
  expect(await leaving.ended).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(7_000);
  const staying = await fleet.startWorker();
  await expectEachDoneOnce(tenant, jobs);
  await staying.kill();
});

test('a worker whose steps do not end in time still ends with 0 at its limit, and others finish its jobs', async () => {
  const tenant = await newTenant(fleet, { plan: 'business', credits: 500 });
  const leaving = await fleet.startWorker({ SHUTDOWN_SECONDS: '1' });
  // OpenAI answers when the picture is done: the step lasts longer than the worker may.
  const slow = await createJob(fleet, tenant, { model: 'openai/gpt-image-2', sandbox: 'latency=6000' });
  await until('the provider works on it', async () => (await paidCalls(slow.marker)).length === 1);
  const startedAt = performance.now();
  leaving.signal('SIGTERM');
  expect(await leaving.ended).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  const staying = await fleet.startWorker();
  const [row] = await waitForJobs(fleet, [slow]);
  expect(row).toMatchObject({ status: 'failed', error_code: 'outcome_unknown' });
  expect(await paidCalls(slow.marker)).toHaveLength(1);
  await expectSound(fleet, tenant, [slow]);
  await staying.kill();
});

test('workers killed again and again under load, and restarted, lose and repeat nothing', async () => {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 500 });
  const jobs = await Promise.all(
    Array.from({ length: 24 }, () => createJob(fleet, tenant, { sandbox: 'latency=400' })),
  );
  for (const count of [3, 7, 11, 15]) {
    const worker = await fleet.startWorker();
    await untilSubmitted(jobs, count);
    await worker.kill();
  }
  const last = await fleet.startWorker();
  const rows = await waitForJobs(fleet, jobs, { timeoutMs: 50_000 });
  // A kill between intent and request is told from one after it only by asking the provider, who knows nothing of it.
  expect(rows.filter((row) => row.status !== 'completed' && row.error_code !== 'outcome_unknown')).toEqual([]);
  expect(rows.filter((row) => row.status === 'completed').length).toBeGreaterThanOrEqual(jobs.length - 8);
  await expectSound(fleet, tenant, jobs);
  await last.kill();
}, 90_000);
