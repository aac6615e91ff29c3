import { existsSync } from 'node:fs';
import { until } from '@base/shared/testing/until';
import { afterEach, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { createJob, newTenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet | undefined;
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

async function everythingOf(current: Fleet, jobId: string): Promise<unknown> {
  const { rows } = await current.pool.query(
    `select to_jsonb(j) as job,
       (select jsonb_agg(to_jsonb(a) order by a.id) from provider_attempts a where a.job_id = j.id) as attempts,
       (select jsonb_agg(to_jsonb(g) order by g.id) from generations g where g.job_id = j.id) as generations,
       (select jsonb_agg(to_jsonb(h)) from credit_holds h where h.job_id = j.id) as holds,
       (select jsonb_agg(to_jsonb(t) order by t.id) from credit_transactions t where t.reference_id = j.id::text) as transactions,
       (select jsonb_agg(to_jsonb(e) order by e.id) from events e where e.resource_id = j.id) as events,
       (select to_jsonb(b) - 'updated_at' from credit_balances b where b.organization_id = j.organization_id) as account
     from ai_jobs j where j.id = $1`,
    [jobId],
  );
  return rows[0];
}

test.each(['before:poll', 'after:poll', 'before:upload', 'after:upload', 'before:settle_jobs'])(
  'a worker frozen %s for longer than its lease changes nothing once it thaws',
  async (moment) => {
    fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, workers: 0 });
    const current = fleet;
    const tenant = await newTenant(current, { plan: 'starter', credits: 5 });
    const marker = current.newMarker();
    const frozen = await current.startWorker({ CRASH_AT: moment, CRASH_SIGNAL: 'SIGSTOP', CRASH_MARKER: marker });
    const job = await createJob(current, tenant);
    await until('the worker is frozen', () => existsSync(marker));

    const other = await current.startWorker();
    const [row] = await waitForJobs(current, [job], { statuses: ['completed'] });
    expect(row?.worker).toMatch(new RegExp(`-${other.pid}$`));
    const before = await everythingOf(current, job.id);

    frozen.signal('SIGCONT');
    // Its own words tell that it has gone on, to the very end of the step, and that the job was not its own any more.
    const onceThawed = /"ours":false|"a step of the job failed"|the lease could not be extended/;
    await until('the thawed worker is done with its step', () => onceThawed.test(frozen.logged()), {
      explain: async () => frozen.logged().slice(-3_000),
    });
    expect(await everythingOf(current, job.id)).toEqual(before);
    expect(await paidCalls(job.marker)).toHaveLength(1);
    await expectSound(current, tenant, [job]);

    // It is as good as any other again.
    await other.kill();
    const next = await createJob(current, tenant);
    const [nextRow] = await waitForJobs(current, [next], { statuses: ['completed'] });
    expect(nextRow?.worker).toMatch(new RegExp(`-${frozen.pid}$`));
    await expectSound(current, tenant, [job, next]);
  },
);
