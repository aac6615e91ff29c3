import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { ledgerViolations } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, type OrderedJob, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  // Nobody listens at Replicate's address: every paid call to it is certainly not made.
  const { api: nobody } = await pickFreePorts();
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    variables: { REPLICATE_BASE_URL: `http://127.0.0.1:${nobody}/v1` },
  });
});
afterAll(() => fleet?.close());

async function attemptsOf(job: OrderedJob) {
  const { rows } = await fleet.pool.query(
    'select provider, model, status, error_code from provider_attempts where job_id = $1 order by number',
    [job.id],
  );
  return rows;
}

test('a job that may goes to an equal model within its quote, and pays that one’s price', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 100 });
  const job = await createJob(fleet, tenant, { model: 'replicate/flux-1.1-pro', fallback: true });
  const [row] = await waitForJobs(fleet, [job]);
  expect(row).toMatchObject({ status: 'completed' });
  const attempts = await attemptsOf(job);
  expect(attempts.at(0)).toMatchObject({ provider: 'replicate', status: 'failed', error_code: 'provider_unavailable' });
  expect(attempts.at(-1)).toMatchObject({ provider: 'fal', model: 'flux-1.1-pro', status: 'succeeded' });
  const { rows } = await fleet.pool.query(
    'select served_provider, credits_charged::int, credits_held::int from ai_jobs where id = $1',
    [job.id],
  );
  expect(rows[0].served_provider).toBe('fal');
  expect(rows[0].credits_charged).toBeLessThanOrEqual(rows[0].credits_held);
  expect(await ledgerViolations(fleet)).toEqual([]);
});

test('a job that may not fails where it was ordered, and costs nothing', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 100 });
  const job = await createJob(fleet, tenant, { model: 'replicate/flux-1.1-pro' });
  await fleet.pool.query(`update ai_jobs set deadline_at = clock_timestamp() + interval '4 seconds' where id = $1`, [
    job.id,
  ]);
  const [row] = await waitForJobs(fleet, [job]);
  expect(row?.status).toBe('failed');
  expect(['provider_unavailable', 'deadline_exceeded']).toContain(row?.error_code);
  expect((await attemptsOf(job)).every((attempt) => attempt.provider === 'replicate')).toBe(true);
  expect(row).toMatchObject({ credits_charged: '0' });
  expect(await ledgerViolations(fleet)).toEqual([]);
});

test('once the breaker is open, jobs go another way without asking the provider that is down', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 100 });
  const made: number[] = [];
  // Each of them fails at Replicate first, until the fleet has had enough of it.
  while (!made.includes(1) && made.length < 25) {
    const job = await createJob(fleet, tenant, { model: 'replicate/flux-schnell', fallback: true });
    const [row] = await waitForJobs(fleet, [job]);
    expect(row).toMatchObject({ status: 'completed' });
    made.push((await attemptsOf(job)).length);
  }
  expect(made).toContain(1);
  expect(await ledgerViolations(fleet)).toEqual([]);
});
