import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { Semaphore } from '../outputs/semaphore.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import { handJobTo } from '../testing/hand-job-to.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, jobRows, newTenant, type OrderedJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

interface Case {
  model: string;
  crashAt: string;
  ends: 'completed' | 'outcome_unknown';
  /** Paid requests that the provider got. */
  calls: 0 | 1;
}

const asynchronous = 'replicate/flux-schnell';
const unlisted = 'freepik/mystic';
const synchronous = 'openai/gpt-image-2';

/**
 * What a crash may cost is decided by one question: can it still be found out whether the provider took the job?
 * Replicate lists its tasks; OpenAI and Freepik cannot be asked, so that a crash between the intent and what records
 * its outcome ends in the customer's favour. A paid request is never sent on a guess.
 */
const cases: Case[] = [
  ...[asynchronous, synchronous, unlisted].flatMap((model): Case[] => [
    { model, crashAt: 'before:begin_jobs', ends: 'completed', calls: 1 },
    { model, crashAt: 'after:begin_jobs', ends: 'completed', calls: 1 },
    { model, crashAt: 'before:open_attempt', ends: 'completed', calls: 1 },
    { model, crashAt: 'after:open_attempt', ends: 'outcome_unknown', calls: 0 },
    { model, crashAt: 'before:submit', ends: 'outcome_unknown', calls: 0 },
    { model, crashAt: 'sent:submit', ends: model === asynchronous ? 'completed' : 'outcome_unknown', calls: 1 },
    { model, crashAt: 'after:submit', ends: model === asynchronous ? 'completed' : 'outcome_unknown', calls: 1 },
    { model, crashAt: 'after:settle_jobs', ends: 'completed', calls: 1 },
  ]),
  ...['before:upload', 'after:upload', 'after:upload:2', 'before:settle_jobs'].flatMap((crashAt): Case[] => [
    { model: asynchronous, crashAt, ends: 'completed', calls: 1 },
    { model: synchronous, crashAt, ends: 'outcome_unknown', calls: 1 },
  ]),
  ...['before:record_attempt', 'after:record_attempt'].flatMap((crashAt): Case[] => [
    { model: asynchronous, crashAt, ends: 'completed', calls: 1 },
    { model: unlisted, crashAt, ends: crashAt === 'after:record_attempt' ? 'completed' : 'outcome_unknown', calls: 1 },
  ]),
  ...['before:park_jobs', 'after:park_jobs', 'before:poll', 'after:poll', 'before:output', 'after:output'].map(
    (crashAt): Case => ({ model: asynchronous, crashAt, ends: 'completed', calls: 1 }),
  ),
];

interface Crashed extends Case {
  tenant: Tenant;
  job: OrderedJob;
}

const crashed = new Map<Case, Crashed>();
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    workers: 0,
    // Nobody works on this queue: each case hands its job to a worker of its own.
    variables: { QUEUE_PREFIX: '{nobody}' },
  });
  const lanes = new Semaphore(5);
  await Promise.all(cases.map((item, index) => lanes.run(() => crash(item, `{victim-${index}}`))));
  // All that is left of them are rows. This worker has nothing in its queue but what the relay brings.
  await fleet.startWorker({ QUEUE_PREFIX: '{rescue}' });
}, 120_000);
afterAll(() => fleet?.close());

/** Has the job run by a worker that dies at the case's point. */
async function crash(item: Case, prefix: string): Promise<void> {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 20 });
  const job = await createJob(fleet, tenant, { model: item.model });
  await handJobTo(fleet, prefix, job);
  const victim = await fleet.startWorker({
    QUEUE_PREFIX: prefix,
    WORKER_QUEUES: 'image-generation',
    CRASH_AT: item.crashAt,
    CRASH_MARKER: fleet.newMarker(),
  });
  await until(`the worker dies ${item.crashAt} of ${item.model}`, () => victim.hasEnded(), {
    explain: async () => victim.logged().slice(-2_000),
  });
  expect(await victim.ended).toBe(null);
  crashed.set(item, { ...item, tenant, job });
}

describe('a worker killed at any point of a job leaves nothing half done', () => {
  test.concurrent.for(cases)('$crashAt, $model: $ends', async (item) => {
    const { tenant, job } = crashed.get(item) ?? {};
    if (!tenant || !job) throw new Error('the worker was not brought down');
    await waitForJobs(fleet, [job], { timeoutMs: 45_000 });
    const row = (await jobRows(fleet, [job.id])).get(job.id);
    expect(row).toMatchObject(
      item.ends === 'completed'
        ? { status: 'completed', attempt_statuses: ['succeeded'] }
        : { status: 'failed', error_code: 'outcome_unknown', attempt_statuses: ['abandoned'] },
    );
    expect(Number(row?.cost_at_risk_usd) > 0).toBe(item.ends === 'outcome_unknown');
    expect(Number(row?.credits_charged) > 0).toBe(item.ends === 'completed');
    expect(await paidCalls(job.marker)).toHaveLength(item.calls);
    await expectSound(fleet, tenant, [job]);
  });
});
