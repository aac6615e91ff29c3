import { openRequestRedis } from '@base/shared/queue/connection';
import { readWholeText } from '@base/shared/queue/text-stream';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { ledgerViolations, paidCalls } from '../testing/expect-sound.ts';
import { handJobTo } from '../testing/hand-job-to.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, type OrderedJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    workers: 0,
    variables: { QUEUE_PREFIX: '{nobody}' },
  });
});
afterAll(() => fleet?.close());

const prefix = '{text}';

/** A text under way on a worker of its own, of which listeners have got some. */
async function startText(tenant: Tenant): Promise<OrderedJob> {
  const job = await createJob(fleet, tenant, {
    model: 'openai/gpt-6-luna',
    sandbox: 'latency=20000, tokens=400',
    inputOf: (content) => ({ messages: [{ role: 'user', content }], max_completion_tokens: 1_000 }),
  });
  await handJobTo(fleet, prefix, job, 'text');
  return job;
}

async function delivered(job: OrderedJob): Promise<string> {
  const redis = openRequestRedis(fleet.redis.url, () => {});
  try {
    await until('Redis is connected', () => redis.status === 'ready');
    const probe = async () => (await readWholeText(redis, prefix, job.id))?.text || false;
    return await until('some of the text was delivered', probe);
  } finally {
    redis.disconnect();
  }
}

async function outcome(job: OrderedJob) {
  const { rows } = await fleet.pool.query(
    `select j.status, j.error_code, j.output, j.credits_held::int as held, j.credits_charged::int as charged, j.tokens_in, j.tokens_out
     from ai_jobs j where j.id = $1`,
    [job.id],
  );
  return rows[0];
}

test('a text whose worker dies is settled on what its readers got, by counted tokens', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 100 });
  const worker = await fleet.startWorker({ QUEUE_PREFIX: prefix });
  const job = await startText(tenant);
  const read = await delivered(job);
  await worker.kill();
  const rescue = await fleet.startWorker({ QUEUE_PREFIX: prefix });
  await waitForJobs(fleet, [job]);
  const row = await outcome(job);
  expect(row).toMatchObject({ status: 'completed', output: { finish_reason: 'interrupted' } });
  expect(row.output.text.startsWith(read)).toBe(true);
  expect(row.tokens_in).toBeGreaterThan(0);
  expect(row.tokens_out).toBeGreaterThan(0);
  expect(row.charged).toBeGreaterThan(0);
  expect(row.charged).toBeLessThan(row.held);
  expect(await paidCalls(job.marker)).toHaveLength(1);
  expect(await ledgerViolations(fleet)).toEqual([]);
  await rescue.kill();
});

test('a text of which nobody knows what was read costs nothing', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 100 });
  const worker = await fleet.startWorker({ QUEUE_PREFIX: prefix });
  const job = await startText(tenant);
  await delivered(job);
  await worker.kill();
  await fleet.redis.flush();
  const rescue = await fleet.startWorker({ QUEUE_PREFIX: prefix });
  await waitForJobs(fleet, [job]);
  expect(await outcome(job)).toMatchObject({ status: 'failed', error_code: 'outcome_unknown', charged: 0 });
  expect(await paidCalls(job.marker)).toHaveLength(1);
  expect(await ledgerViolations(fleet)).toEqual([]);
  await rescue.kill();
});
