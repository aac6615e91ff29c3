import { existsSync } from 'node:fs';
import { until } from '@base/shared/testing/until';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import type { FleetProcess } from '../testing/fleet-process.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, type OrderedJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, workers: 0 });
});
afterEach(async () => {
  for (const worker of fleet.workers) await worker.kill();
});
afterAll(() => fleet?.close());

/** All that the database says of a job. */
async function everythingOf(job: OrderedJob): Promise<unknown> {
  const { rows } = await fleet.pool.query(
    `select jsonb_build_object('row', to_jsonb(j),
         'attempts', (select jsonb_agg(to_jsonb(a) order by a.id) from provider_attempts a where a.job_id = j.id),
         'generations', (select jsonb_agg(to_jsonb(g) order by g.id) from generations g where g.job_id = j.id),
         'holds', (select jsonb_agg(to_jsonb(h)) from credit_holds h where h.job_id = j.id),
         'transactions', (select jsonb_agg(to_jsonb(t)) from credit_transactions t where t.reference_id = j.id::text),
         'events', (select jsonb_agg(to_jsonb(e) order by e.id) from events e where e.resource_id = j.id)) as job
     from ai_jobs j where j.id = $1`,
    [job.id],
  );
  return rows[0];
}

/** An order on which a worker is frozen at the moment given. */
async function freezeAt(moment: string, tenant: Tenant, sandbox: string) {
  const marker = fleet.newMarker();
  const frozen = await fleet.startWorker({ CRASH_AT: moment, CRASH_SIGNAL: 'SIGSTOP', CRASH_MARKER: marker });
  const job = await createJob(fleet, tenant, { sandbox });
  await until('the worker is frozen', () => existsSync(marker), { explain: async () => frozen.logged() });
  return { frozen, job };
}

/** Gives the thawed worker, now the only one, another job: when that is done, it is long past where it was frozen. */
async function expectUseful(thawed: FleetProcess, tenant: Tenant): Promise<OrderedJob> {
  const job = await createJob(fleet, tenant);
  const [row] = await waitForJobs(fleet, [job], { statuses: ['completed'] });
  expect(row?.worker).toMatch(new RegExp(`-${thawed.pid}$`));
  return job;
}

const lost = /"ours":false|a step of the job failed|cannot be asked at the moment/;

test.each([
  { moment: 'after:begin_jobs', word: null },
  { moment: 'sent:submit', word: /"message":"submitted"/ },
  { moment: 'before:park_jobs', word: null },
  { moment: 'before:poll', word: lost },
  { moment: 'after:poll', word: lost },
  { moment: 'before:output', word: lost },
  { moment: 'before:upload', word: lost },
  { moment: 'after:upload', word: lost },
  { moment: 'before:settle_jobs', word: lost },
])(
  'a worker frozen $moment for longer than its lease loses the job to another, and changes nothing once it thaws',
  async ({ moment, word }) => {
    const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
    const { frozen, job } = await freezeAt(moment, tenant, 'latency=150');
    const other = await fleet.startWorker();
    const [row] = await waitForJobs(fleet, [job], { statuses: ['completed'] });
    expect(row?.worker).toMatch(new RegExp(`-${other.pid}$`));
    const before = await everythingOf(job);

    frozen.signal('SIGCONT');
    // Where it says anything, its own words tell that it has gone on to the end of its step.
    if (word) {
      await until('the thawed worker has gone on', () => word.test(frozen.logged()), {
        explain: async () => frozen.logged().slice(-3_000),
      });
    }
    await other.kill();
    const next = await expectUseful(frozen, tenant);
    expect(await everythingOf(job)).toEqual(before);
    expect(await paidCalls(job.marker)).toHaveLength(1);
    await expectSound(fleet, tenant, [job, next]);
  },
);

test('a worker frozen right before the paid request costs the customer nothing, whenever it thaws', async () => {
  const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
  const { frozen, job } = await freezeAt('before:submit', tenant, 'latency=30000');
  const other = await fleet.startWorker();
  // Nobody can tell a request that was never sent from one that will be: it is not sent a second time.
  const [row] = await waitForJobs(fleet, [job]);
  expect(row).toMatchObject({ status: 'failed', error_code: 'outcome_unknown', credits_charged: '0' });
  expect(Number(row?.cost_at_risk_usd)).toBeGreaterThan(0);

  frozen.signal('SIGCONT');
  // It may be stopped by the loss of its lease in time, or not.
  await until('the thawed worker has gone on', () => /"message":"submitted"/.test(frozen.logged()), {
    explain: async () => frozen.logged().slice(-3_000),
  });
  await other.kill();
  const next = await expectUseful(frozen, tenant);
  const [after] = await waitForJobs(fleet, [job]);
  expect(after).toEqual(row);
  expect((await paidCalls(job.marker)).length).toBeLessThanOrEqual(1);
  await expectSound(fleet, tenant, [job, next]);
});
