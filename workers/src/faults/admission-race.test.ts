import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { type Answer, newTenant, postJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

const requests = 200;
const affordable = 50;
const concurrentMax = 20;
let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, apiNodes: 2, workers: 0 });
});
afterAll(() => fleet?.close());

function postAll(tenant: Tenant): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: requests }, (_, index) => {
      const api = fleet.apis[index % fleet.apis.length];
      if (!api) throw new Error('the fleet has no API node');
      return postJob(api, tenant, { sandbox: 'latency=300' });
    }),
  );
}

/** The most jobs that were queued or at work at one of many looks, until `stop` is called. */
function watchActiveJobs(tenant: Tenant): () => Promise<{ most: number; looks: number }> {
  let isOver = false;
  let most = 0;
  let looks = 0;
  const watching = (async () => {
    while (!isOver) {
      const { rows } = await fleet.pool.query<{ active: number; counted: number }>(
        `select count(*)::integer as active,
           (select active_jobs from credit_balances where organization_id = $1) as counted
         from ai_jobs where organization_id = $1 and status in ('queued', 'processing')`,
        [tenant.organizationId],
      );
      expect(rows[0]?.counted).toBe(rows[0]?.active);
      most = Math.max(most, rows[0]?.active ?? 0);
      looks += 1;
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return { most, looks };
  };
}

test('of 200 simultaneous orders on two nodes exactly those are admitted that the balance covers, and run in turn', async () => {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: affordable });
  const stopWatching = watchActiveJobs(tenant);
  const answers = await postAll(tenant);
  const admitted = answers.filter((answer) => answer.status === 202);
  const refused = answers.filter((answer) => answer.status !== 202);
  expect(admitted).toHaveLength(affordable);
  expect(new Set(refused.map((answer) => `${answer.status} ${answer.body.code}`))).toEqual(
    new Set(['402 credits_on_hold']),
  );
  for (const { body } of refused) expect(body).toMatchObject({ required: 1, available: 0, held: affordable });
  const { rows: before } = await fleet.pool.query(
    'select balance::integer, held::integer, active_jobs, waiting_jobs from credit_balances where organization_id = $1',
    [tenant.organizationId],
  );
  const waiting = affordable - concurrentMax;
  expect(before).toEqual([
    { balance: affordable, held: affordable, active_jobs: concurrentMax, waiting_jobs: waiting },
  ]);
  const line = await fleet.pool.query<{ id: string }>(
    "select id from ai_jobs where organization_id = $1 and status = 'pending' order by id",
    [tenant.organizationId],
  );

  await Promise.all([fleet.startWorker(), fleet.startWorker()]);
  const jobs = admitted.map((answer) => ({ id: String(answer.body.id), marker: answer.marker }));
  const rows = await waitForJobs(fleet, jobs, { timeoutMs: 40_000 });
  expect(rows.map((row) => row.status)).toEqual(jobs.map(() => 'completed'));
  const { most, looks } = await stopWatching();
  expect(looks).toBeGreaterThan(50);
  expect(most).toBe(concurrentMax);
  // Let in one after the other as they stood in line; those of one settlement together.
  const letIn = await fleet.pool.query<{ id: string }>(
    'select id from ai_jobs where id = any ($1) order by queued_at, id',
    [line.rows.map((row) => row.id)],
  );
  expect(letIn.rows).toEqual(line.rows);
  await expectSound(fleet, tenant, jobs);
  for (const api of fleet.apis) {
    const { status, body } = await postJob(api, tenant);
    expect({ status, ...body }).toMatchObject({ status: 402, code: 'insufficient_credits', required: 1, available: 0 });
  }
}, 90_000);
