import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls, providerTask } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, jobRows, newTenant, type OrderedJob, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, workers: 0 });
});
afterAll(() => fleet?.close());

async function passDeadline(job: OrderedJob): Promise<void> {
  await fleet.pool.query("update ai_jobs set deadline_at = clock_timestamp() - interval '1 second' where id = $1", [
    job.id,
  ]);
}

test('a job that waits past its deadline without any attempt fails, released and at no cost', async () => {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
  const job = await createJob(fleet, tenant);
  await passDeadline(job);
  const worker = await fleet.startWorker();
  const [row] = await waitForJobs(fleet, [job]);
  expect(row).toMatchObject({ status: 'failed', error_code: 'deadline_exceeded', attempt_statuses: [] });
  expect(await paidCalls(job.marker)).toEqual([]);
  await expectSound(fleet, tenant, [job]);
  await worker.kill();
});

test('a task that never ends is given up at the deadline, released, and canceled at the provider', async () => {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
  await fleet.startWorker();
  const job = await createJob(fleet, tenant, { sandbox: 'fault=never_ends' });
  const task = await until('the provider is asked for progress', async () => {
    const taskId = (await paidCalls(job.marker))[0]?.task_id;
    return taskId && (await providerTask(taskId)).polls > 2 && taskId;
  });
  await passDeadline(job);
  const [row] = await waitForJobs(fleet, [job]);
  expect(row).toMatchObject({ status: 'failed', error_code: 'deadline_exceeded', attempt_statuses: ['abandoned'] });
  expect(Number(row?.cost_at_risk_usd)).toBeGreaterThan(0);
  await until('the provider is told to stop', async () => (await providerTask(task)).status === 'canceled');
  const { polls } = await providerTask(task);
  await expectSound(fleet, tenant, [job]);
  // Ended is ended: nobody asks any more, while other jobs come and go.
  const next = await createJob(fleet, tenant);
  await waitForJobs(fleet, [next], { statuses: ['completed'] });
  expect((await providerTask(task)).polls).toBe(polls);
  expect((await jobRows(fleet, [job.id])).get(job.id)).toEqual(row);
  await expectSound(fleet, tenant, [job, next]);
});
