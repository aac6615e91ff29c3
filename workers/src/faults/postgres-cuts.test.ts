import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound } from '../testing/expect-sound.ts';
import type { FleetProcess } from '../testing/fleet-process.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { newTenant, type OrderedJob, postJob, type Tenant, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis }, apiNodes: 2, workers: 2 });
});
afterAll(() => fleet?.close());

const cutsMax = 8;
const customersMax = 4;

/** @returns how many connections were cut. */
async function cutAll(): Promise<number> {
  const { rowCount } = await fleet.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name in ('base-api', 'base-worker')`,
  );
  return rowCount ?? 0;
}

/** Orders one job the way a careful client does: the same key until the answer is final. */
async function orderUntilAdmitted(api: FleetProcess, tenant: Tenant, statuses: number[]): Promise<OrderedJob> {
  const order = { idempotencyKey: randomUUID(), marker: `case-${randomUUID()}`, sandbox: 'latency=300' };
  return until('the job is admitted', async () => {
    const answer = await postJob(api, tenant, order);
    statuses.push(answer.status);
    if (answer.status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return answer.status === 202 && { id: String(answer.body.id), marker: order.marker };
  });
}

test('cut connections show as 503 and nothing else, and every job ends whole', async () => {
  const tenant = await newTenant(fleet, { plan: 'business', credits: 1_000 });
  const statuses: number[] = [];
  const jobs: OrderedJob[] = [];
  let isOver = false;
  const customers = Array.from({ length: customersMax }, async (_, index) => {
    const api = fleet.apis[index % fleet.apis.length];
    if (!api) throw new Error('the fleet has no API node');
    while (!isOver) {
      jobs.push(await orderUntilAdmitted(api, tenant, statuses));
      await pause(60); // The load, not a wait: about 40 orders a second.
    }
  });
  let cut = 0;
  for (let round = 0; round < cutsMax; round += 1) {
    const already = jobs.length;
    await until('some more jobs are admitted', () => jobs.length >= already + 8);
    cut += await cutAll();
  }
  isOver = true;
  await Promise.all(customers);
  expect(cut).toBeGreaterThan(cutsMax);
  expect(statuses.filter((status) => status !== 202 && status !== 503)).toEqual([]);

  const rows = await waitForJobs(fleet, jobs, { timeoutMs: 45_000 });
  // A connection cut around a paid call may leave its outcome unknown; there is no other way to fail.
  const failures = rows.filter((row) => row.status !== 'completed').map((row) => row.error_code);
  expect(failures.filter((code) => code !== 'outcome_unknown')).toEqual([]);
  expect(rows.length - failures.length).toBeGreaterThan(rows.length / 2);
  const admitted = await fleet.pool.query('select count(*)::integer as count from ai_jobs where organization_id = $1', [
    tenant.organizationId,
  ]);
  expect(admitted.rows).toEqual([{ count: jobs.length }]);
  await expectSound(fleet, tenant, jobs);
  expect([...fleet.apis, ...fleet.workers].filter((process) => process.hasEnded())).toEqual([]);
}, 120_000);
