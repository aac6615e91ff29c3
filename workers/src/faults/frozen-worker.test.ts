import { existsSync } from 'node:fs';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { Semaphore } from '../outputs/semaphore.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import type { FleetProcess } from '../testing/fleet-process.ts';
import { handJobTo } from '../testing/hand-job-to.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import {
  createJob,
  type JobRow,
  jobRows,
  newTenant,
  type OrderedJob,
  type Tenant,
  waitForJobs,
} from '../testing/tenant.ts';

interface Case {
  moment: string;
  ends: 'completed' | 'failed';
  /** What the thawed worker logs last of the step in which it was frozen; null when it says nothing. */
  word: RegExp | null;
  sandbox?: string;
}

/** Done when it is asked for the first time. */
const quick = 'latency=20';
const lost = /"ours":false|a step of the job failed|cannot be asked at the moment/;
const submitted = /"message":"submitted"/;
const cases: Case[] = [
  { moment: 'after:begin_jobs', ends: 'completed', word: null },
  // Nobody can tell a request that was never sent from one that will be: it is not sent a second time.
  { moment: 'before:submit', ends: 'failed', word: submitted },
  { moment: 'sent:submit', ends: 'completed', word: submitted },
  // Its answer never comes: the thawed worker has nothing but an unknown outcome to report, and is too late with it.
  { moment: 'sent:submit', ends: 'completed', word: submitted, sandbox: `fault=timeout_after, ${quick}` },
  { moment: 'before:park_jobs', ends: 'completed', word: null },
  { moment: 'before:poll', ends: 'completed', word: lost },
  { moment: 'after:poll', ends: 'completed', word: lost },
  { moment: 'before:output', ends: 'completed', word: lost },
  { moment: 'before:upload', ends: 'completed', word: lost },
  { moment: 'after:upload', ends: 'completed', word: lost },
  { moment: 'before:settle_jobs', ends: 'completed', word: lost },
];

interface Frozen {
  tenant: Tenant;
  worker: FleetProcess;
  prefix: string;
  job: OrderedJob;
}

interface Outcome extends Frozen {
  /** Once another worker had ended the job, and once the frozen one had thawed and done another job. */
  before: { row: JobRow | undefined; everything: unknown };
  after: unknown;
  next: OrderedJob;
  nextRow: JobRow | undefined;
  otherPid: number;
}

let fleet: Fleet;
const outcomes = new Map<Case, Outcome>();

beforeAll(async () => {
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    workers: 0,
    variables: { QUEUE_PREFIX: '{nobody}' },
  });
  const lanes = new Semaphore(4);
  const frozen = await Promise.all(cases.map((item, index) => lanes.run(() => freeze(item, `{frozen-${index}}`))));
  const other = await fleet.startWorker({ QUEUE_PREFIX: '{other}' });
  await waitForJobs(
    fleet,
    frozen.map(({ job }) => job),
  );
  const befores = await Promise.all(frozen.map(({ job }) => stateOf(job)));
  await other.kill();
  await Promise.all(
    cases.map(async (item, index) => {
      const one = frozen[index];
      const before = befores[index];
      if (!one || !before) throw new Error('a case was left out');
      outcomes.set(item, { ...one, before, ...(await thaw(item, one)), otherPid: other.pid });
    }),
  );
}, 120_000);
afterAll(() => fleet?.close());

/** Has a job run by a worker of its own that is stopped at the case's moment. */
async function freeze(item: Case, prefix: string): Promise<Frozen> {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
  const marker = fleet.newMarker();
  const worker = await fleet.startWorker({
    QUEUE_PREFIX: prefix,
    WORKER_QUEUES: 'image-generation',
    CRASH_AT: item.moment,
    CRASH_SIGNAL: 'SIGSTOP',
    CRASH_MARKER: marker,
  });
  const job = await createJob(fleet, tenant, { sandbox: item.sandbox ?? quick });
  await handJobTo(fleet, prefix, job);
  await until(`a worker is frozen ${item.moment}`, () => existsSync(marker), { explain: async () => worker.logged() });
  return { tenant, worker, prefix, job };
}

/** Lets it go on, and gives it another job: when that is done, it is long past where it was frozen. */
async function thaw({ moment, word }: Case, { worker, tenant, prefix, job }: Frozen) {
  worker.signal('SIGCONT');
  await until(`the worker frozen ${moment} has gone on`, () => !word || word.test(worker.logged()), {
    explain: async () => worker.logged().slice(-3_000),
  });
  const next = await createJob(fleet, tenant);
  await handJobTo(fleet, prefix, next);
  const [nextRow] = await waitForJobs(fleet, [next]);
  return { after: (await stateOf(job)).everything, next, nextRow };
}

async function stateOf(job: OrderedJob) {
  return { row: (await jobRows(fleet, [job.id])).get(job.id), everything: await everythingOf(job) };
}

/** All that the database says of a job. */
async function everythingOf(job: OrderedJob): Promise<unknown> {
  const { rows } = await fleet.pool.query(
    `select jsonb_build_object('row', to_jsonb(j),
         'attempts', (
           -- A task id that comes late is kept, so that the provider can be told to stop.
           select jsonb_agg(case when a.status = 'abandoned'
             then to_jsonb(a) - '{provider_task_id,submitted_at,cancel_sent_at}'::text[] else to_jsonb(a) end order by a.id)
           from provider_attempts a where a.job_id = j.id),
         'generations', (select jsonb_agg(to_jsonb(g) order by g.id) from generations g where g.job_id = j.id),
         'holds', (select jsonb_agg(to_jsonb(h)) from credit_holds h where h.job_id = j.id),
         'transactions', (select jsonb_agg(to_jsonb(t)) from credit_transactions t where t.reference_id = j.id::text),
         'events', (select jsonb_agg(to_jsonb(e) order by e.id) from events e where e.resource_id = j.id)) as job
     from ai_jobs j where j.id = $1`,
    [job.id],
  );
  return rows[0];
}

test.each(cases)(
  'a worker frozen $moment for longer than its lease loses the job to another ($ends), and changes nothing once it thaws',
  async (item) => {
    const outcome = outcomes.get(item);
    if (!outcome) throw new Error('the worker was not frozen');
    const { before, after, tenant, worker, job, next, nextRow } = outcome;
    const calls = await paidCalls(job.marker);
    if (item.ends === 'completed') {
      expect(before.row).toMatchObject({ status: 'completed', attempt_statuses: ['succeeded'] });
      expect(before.row?.worker).toMatch(new RegExp(`-${outcome.otherPid}$`));
      expect(calls).toHaveLength(1);
    } else {
      expect(before.row).toMatchObject({ status: 'failed', error_code: 'outcome_unknown', credits_charged: '0' });
      expect(Number(before.row?.cost_at_risk_usd)).toBeGreaterThan(0);
      // The loss of its lease may stop the thawed worker in time, or not.
      expect(calls.length).toBeLessThanOrEqual(1);
    }
    expect(after).toEqual(before.everything);
    // It is as good as any other again.
    expect(nextRow?.status).toBe('completed');
    expect(nextRow?.worker).toMatch(new RegExp(`-${worker.pid}$`));
    await expectSound(fleet, tenant, [job, next]);
  },
);

test('a thawed worker cannot settle a job while another one has it', async () => {
  const moment: Case = { moment: 'before:settle_jobs', ends: 'completed', word: lost };
  const first = await freeze(moment, '{first}');
  const { job, tenant } = first;
  await until('its lease has run out', async () => {
    const { rows } = await fleet.pool.query<{ is_over: boolean }>(
      'select lease_expires_at < clock_timestamp() as is_over from ai_jobs where id = $1',
      [job.id],
    );
    return rows[0]?.is_over;
  });
  const marker = fleet.newMarker();
  const second = await fleet.startWorker({
    QUEUE_PREFIX: '{second}',
    WORKER_QUEUES: 'image-generation',
    CRASH_AT: moment.moment,
    CRASH_SIGNAL: 'SIGSTOP',
    CRASH_MARKER: marker,
  });
  await handJobTo(fleet, '{second}', job);
  await until('the second worker has it and is frozen too', () => existsSync(marker));
  const before = await stateOf(job);
  expect(before.row).toMatchObject({ status: 'processing', attempts: 2 });
  expect(before.row?.worker).toMatch(new RegExp(`-${second.pid}$`));

  const { after, next } = await thaw(moment, first);
  expect(after).toEqual(before.everything);
  second.signal('SIGCONT');
  const [row] = await waitForJobs(fleet, [job]);
  expect(row).toMatchObject({ status: 'completed', attempt_statuses: ['succeeded'] });
  await expectSound(fleet, tenant, [job, next]);
});
