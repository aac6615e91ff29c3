import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, type OrderedJob, postJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, workers: 2 });
});
afterAll(() => fleet?.close());

/** Some of them at work at the provider, some in the queue, some waiting for their organization's turn. */
async function startThirtyJobs(tenant: Tenant): Promise<OrderedJob[]> {
  const orders = Array.from({ length: 30 }, () => createJob(fleet, tenant, { sandbox: 'latency=1500' }));
  const jobs = await Promise.all(orders);
  await until('some jobs are at work and some wait', async () => {
    const { rows } = await fleet.pool.query<{ at_work: boolean; waiting: boolean }>(
      `select bool_or(status = 'processing' and progress > 0) as at_work, bool_or(status = 'pending') as waiting
       from ai_jobs where organization_id = $1`,
      [tenant.organizationId],
    );
    return rows[0]?.at_work && rows[0].waiting;
  });
  return jobs;
}

async function expectAllCompleted(tenant: Tenant, jobs: OrderedJob[], timeoutMs = 40_000): Promise<void> {
  const rows = await waitForJobs(fleet, jobs, { timeoutMs });
  expect(rows.map((row) => row.status)).toEqual(jobs.map(() => 'completed'));
  await expectSound(fleet, tenant, jobs);
  const calls = await Promise.all(jobs.map((job) => paidCalls(job.marker)));
  expect(calls.map((found) => found.length)).toEqual(jobs.map(() => 1));
}

test('every job completes and is charged once when Redis loses everything by FLUSHALL', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 40 });
  const jobs = await startThirtyJobs(tenant);
  await fleet.redis.flush();
  await expectAllCompleted(tenant, jobs);
});

test('every job completes and is charged once when Redis is restarted empty', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 40 });
  const jobs = await startThirtyJobs(tenant);
  await fleet.redis.stop();
  await fleet.redis.start();
  await expectAllCompleted(tenant, jobs);
});

test('jobs are admitted while Redis is down for 30 s, and the same workers do them once it is back', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 60 });
  const pids = fleet.workers.map((worker) => worker.pid);
  const jobs = await startThirtyJobs(tenant);
  const [api] = fleet.apis;
  if (!api) throw new Error('the fleet has no API node');
  await fleet.redis.stop();
  const downSince = performance.now();
  const statuses: number[] = [];
  const slowestMs: number[] = [];
  while (performance.now() - downSince < 30_000) {
    const startedAt = performance.now();
    const answer = await postJob(api, tenant);
    slowestMs.push(performance.now() - startedAt);
    statuses.push(answer.status);
    if (answer.status === 202) jobs.push({ id: String(answer.body.id), marker: answer.marker });
    await pause(1_500); // How long Redis is away is what this test is about.
  }
  expect(statuses).toEqual(statuses.map(() => 202));
  expect(Math.max(...slowestMs)).toBeLessThan(3_000);
  await fleet.redis.start();
  await expectAllCompleted(tenant, jobs, 60_000);
  expect(fleet.workers.map((worker) => [worker.pid, worker.hasEnded()])).toEqual(pids.map((pid) => [pid, false]));
  // They also take new work from the queue, at once and not only by the relay.
  const later = await createJob(fleet, tenant);
  await expectAllCompleted(tenant, [...jobs, later], 20_000);
}, 150_000);

test('what the relay has brought to a Redis that then lost it is brought again at once', async () => {
  for (const worker of fleet.workers) await worker.kill();
  const upkeep = await fleet.startWorker({ WORKER_QUEUES: 'upkeep' });
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 10 });
  const jobs = await Promise.all(Array.from({ length: 5 }, () => createJob(fleet, tenant)));
  await until('the relay has brought all of them', async () => {
    const { rows } = await fleet.pool.query<{ brought: boolean }>(
      'select bool_and(enqueued_at is not null) as brought from ai_jobs where organization_id = $1',
      [tenant.organizationId],
    );
    return rows[0]?.brought;
  });
  await fleet.redis.flush();
  await fleet.startWorker({ WORKER_QUEUES: 'image-generation' });
  // Far less than the minute after which the relay repeats itself anyhow.
  await expectAllCompleted(tenant, jobs, 20_000);
  await upkeep.kill();
});
