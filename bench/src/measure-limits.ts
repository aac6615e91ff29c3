import { openDatabase } from '@base/shared/db/database';
import { beginJobs, openAttempts, type Settlement, settleJobs } from '@base/shared/db/queries/job-lifecycle';
import { type Reservation, reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import type { Queryable } from '@base/shared/db/queryable';
import { Queue } from 'bullmq';
import { v7 as makeUuidV7 } from 'uuid';
import type { BenchContext } from './bench-context.ts';
import { inBatches } from './in-batches.ts';
import { reservationsFor } from './make-reservation.ts';
import { settleDown } from './measure-admission.ts';
import { bareQueue } from './process-modes.ts';
import type { Row, Section } from './section.ts';
import { describeSpread, spreads } from './spread.ts';
import { percentile } from './statistics.ts';

const batchSize = 128;
const bulkSize = 50;
const singleConnections = 8;

/** What the stores themselves can do, called without HTTP, queue or worker around them. */
export async function measureLimits(bench: BenchContext): Promise<Section> {
  const { limits, settleBatches } = bench.plan;
  const rows: Row[] = [];
  for (const spread of spreads) {
    const who = describeSpread(spread, bench.plan.organizations);
    const jobs = (count: number) => reservationsFor(bench.accounts[spread], count, bench.makeReservation);
    bench.say(`limits: reserve_jobs and settle_jobs, ${who}`);
    const batched = inBatches(jobs(limits.batches * batchSize), batchSize);
    const single = inBatches(jobs(limits.singleCalls), 1);
    const alone = inBatches(jobs(Math.ceil(limits.singleCalls / 4)), 1);
    const settlements = await prepareSettlements(bench, inBatches(jobs(settleBatches * batchSize), batchSize));
    rows.push(
      await measure(bench, `reserve_jobs, ${batchSize} per call, 1 connection, ${who}`, batched, 1, reserveAll),
      await measure(bench, `reserve_jobs, 1 per call, 1 connection, ${who}`, alone, 1, reserveAll),
      await measure(bench, `reserve_jobs, 1 per call, ${singleConnections} connections, ${who}`, single, 8, reserveAll),
      await measure(bench, `settle_jobs, ${batchSize} per call, 1 connection, ${who}`, settlements, 1, settleAll),
    );
  }
  bench.say('limits: addBulk');
  rows.push(await measureBulkAdds(bench));
  await settleDown(bench);
  return {
    id: 'limits',
    title: 'Limits: the stores called directly',
    columns: [
      { key: 'what', label: 'what' },
      { key: 'jobs_per_second', label: 'jobs/s', digits: 0 },
      { key: 'call_p50_ms', label: 'call p50 ms', digits: 2 },
      { key: 'call_p99_ms', label: 'p99 ms', digits: 2 },
    ],
    rows,
    notes: [],
  };
}

type Call<T> = (db: Queryable, items: T[]) => Promise<number>;

const reserveAll: Call<Reservation> = async (db, items) =>
  (await reserveJobs(db, items)).filter((result) => result.code === 'admitted').length;
const settleAll: Call<Settlement> = async (db, items) =>
  (await settleJobs(db, items)).filter((row) => row.kind === 'settled').length;

/** Makes the calls on so many connections, each at once after the one before; the first tenth warms up. */
async function measure<T>(bench: BenchContext, what: string, batches: T[][], connections: number, call: Call<T>) {
  const database = openDatabase({
    url: bench.stack.info.database_url,
    poolMax: connections,
    applicationName: 'base-bench-limits',
    onError: (error) => bench.say(error.message),
  });
  const todo = [...batches];
  const latencies: number[] = [];
  let done = 0;
  const work = async (until: number): Promise<void> => {
    while (todo.length > until) {
      const items = todo.pop() ?? [];
      const startedAt = performance.now();
      const count = await call(database.pool, items);
      done += count;
      latencies.push(performance.now() - startedAt);
    }
  };
  const onAll = (until: number) => Promise.all(Array.from({ length: connections }, () => work(until)));
  try {
    await onAll(Math.ceil(batches.length * 0.9));
    const warm = done;
    latencies.length = 0;
    const startedAt = performance.now();
    await onAll(0);
    const seconds = (performance.now() - startedAt) / 1000;
    const wanted = batches.reduce((sum, batch) => sum + batch.length, 0);
    if (done !== wanted) bench.problems.push(`${what}: ${done} of ${wanted} jobs went through`);
    return {
      what,
      jobs_per_second: (done - warm) / seconds,
      call_p50_ms: percentile(latencies, 0.5),
      call_p99_ms: percentile(latencies, 0.99),
    };
  } finally {
    // Its Kysely was never used, and would not close what it has not opened.
    await database.pool.end();
  }
}

/** Brings jobs to the point where their result is there and only the settlement is missing. */
async function prepareSettlements(bench: BenchContext, batches: Reservation[][]): Promise<Settlement[][]> {
  const { pool } = bench.stack.database;
  const prepared: Settlement[][] = [];
  for (const batch of batches) {
    await reserveJobs(pool, batch);
    const ids = batch.map(({ id }) => ({ id, leaseToken: null }));
    const begun = await beginJobs(pool, ids, { worker: 'bench', leaseSeconds: 600 });
    const openings = begun.map(({ id, lease_token: leaseToken, provider, model }) => {
      return { id, leaseToken, attemptId: makeUuidV7(), provider, model };
    });
    await openAttempts(pool, openings);
    prepared.push(begun.map((job) => settlementOf(job.id, job.lease_token, job.credits_held)));
  }
  return prepared;
}

function settlementOf(id: string, leaseToken: string, credits: number): Settlement {
  const size = { content_type: 'image/webp', width: 1_024, height: 1_024, duration_seconds: null, bytes: 100_000 };
  const generationId = makeUuidV7();
  return {
    id,
    leaseToken,
    credits,
    costUsd: '0.003000',
    limitUnits: 1,
    tokensIn: null,
    tokensOut: null,
    output: [{ generation_id: generationId, has_thumbnail: true, ...size }],
    generations: [{ id: generationId, storage_path: `bench/${id}`, thumbnail_path: `bench/${id}.thumb`, ...size }],
  };
}

async function measureBulkAdds({ stack, plan }: BenchContext): Promise<Row> {
  const queue = new Queue(bareQueue, { connection: stack.redis, prefix: stack.queuePrefix });
  const latencies: number[] = [];
  let startedAt = 0;
  const warmUpCalls = Math.ceil(plan.limits.bulkAdds / 10);
  for (let call = -warmUpCalls; call < plan.limits.bulkAdds; call += 1) {
    if (call === 0) startedAt = performance.now();
    const calledAt = performance.now();
    await queue.addBulk(bareMessages(bulkSize));
    if (call >= 0) latencies.push(performance.now() - calledAt);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await queue.close();
  return {
    what: `BullMQ addBulk, ${bulkSize} per call, 1 connection`,
    jobs_per_second: (plan.limits.bulkAdds * bulkSize) / seconds,
    call_p50_ms: percentile(latencies, 0.5),
    call_p99_ms: percentile(latencies, 0.99),
  };
}

/** Messages as BASE sends them. */
export function bareMessages(count: number) {
  return Array.from({ length: count }, () => {
    const id = makeUuidV7();
    return { name: 'generate', data: { id }, opts: { jobId: `${id}-0`, removeOnComplete: true, removeOnFail: true } };
  });
}
