import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext } from './bench-context.ts';
import type { LoadAmount } from './bench-plan.ts';
import type { BenchProcess } from './bench-stack.ts';
import { type CpuPerItem, cpuPerItem, readCpuTimes } from './cpu-time.ts';
import { type LoadResult, loadApi } from './load-api.ts';
import { type ApiMode, apiModes } from './process-modes.ts';
import { type Row, ratioOf, type Section } from './section.ts';
import { describeSpread, type Spread, spreads } from './spread.ts';
import { medianBy } from './statistics.ts';

const foreignPercentMax = 15;

export type ApiProcesses = Record<ApiMode, BenchProcess>;

interface Run {
  load: LoadResult;
  cpu: CpuPerItem;
}

interface Cell {
  spread: Spread;
  connections: number;
  mode: ApiMode;
}

/** Orders per second over HTTP, mode against mode; the modes take turns, so that noise hits all of them. */
export async function measureAdmission(bench: BenchContext, apis: ApiProcesses): Promise<Section> {
  const rows: Row[] = [];
  for (const spread of spreads) {
    for (const mode of apiModes) await warmUp(bench, apis, { spread, mode });
    for (const connections of bench.plan.connections) {
      bench.say(`admission: ${describeSpread(spread, bench.plan.organizations)}, ${connections} connections`);
      const runs = Map.groupBy(await runInTurn(bench, apis, { spread, connections }), ([mode]) => mode);
      rows.push(...presentRuns(bench, runs, { spread, connections }));
    }
  }
  return {
    id: 'admission',
    title: 'Admission over HTTP: POST /api/v1/jobs, one API process',
    columns: [
      { key: 'organizations', label: 'organizations', digits: 0 },
      { key: 'connections', label: 'conn.', digits: 0 },
      { key: 'mode', label: 'mode' },
      { key: 'requests_per_second', label: 'req/s', digits: 0 },
      { key: 'times_naive', label: 'vs naive', digits: 2, suffix: '×' },
      { key: 'times_unbatched', label: 'vs unbatched', digits: 2, suffix: '×' },
      { key: 'p50_ms', label: 'p50 ms', digits: 1 },
      { key: 'p99_ms', label: 'p99 ms', digits: 1 },
      { key: 'failed', label: 'failed', digits: 0 },
      { key: 'api_us', label: 'CPU µs: API', digits: 0 },
      { key: 'postgres_us', label: 'Postgres', digits: 0 },
      { key: 'redis_us', label: 'Redis', digits: 0 },
      { key: 'bench_us', label: 'load', digits: 0 },
      { key: 'foreign_percent', label: 'others', digits: 0, suffix: ' %' },
    ],
    rows,
    notes: [
      `Median of ${bench.plan.runs} runs of ${describeAmount(bench.plan.run)}. Load is closed-loop on the same machine; "load" is its CPU, "others" what strangers took.`,
      ...warnOfStrangers(rows),
    ],
  };
}

function describeAmount(amount: LoadAmount): string {
  return 'requests' in amount ? `${amount.requests} requests` : `${amount.seconds} s`;
}

async function warmUp(bench: BenchContext, apis: ApiProcesses, { spread, mode }: Omit<Cell, 'connections'>) {
  bench.say(`admission: warming up ${mode}, ${describeSpread(spread, bench.plan.organizations)}`);
  const keys = bench.accounts[spread].map((account) => account.key);
  await loadApi({ url: apis[mode].url, keys, connections: 32, amount: bench.plan.warmUp });
  await settleDown(bench);
}

async function runInTurn(
  bench: BenchContext,
  apis: ApiProcesses,
  where: Omit<Cell, 'mode'>,
): Promise<[ApiMode, Run][]> {
  const runs: [ApiMode, Run][] = [];
  for (let round = 0; round < bench.plan.runs; round += 1) {
    // Each round begins with another mode.
    for (let turn = 0; turn < apiModes.length; turn += 1) {
      const mode = apiModes[(round + turn) % apiModes.length] ?? 'batched';
      runs.push([mode, await runOnce(bench, apis[mode], { ...where, mode })]);
    }
  }
  return runs;
}

async function runOnce(bench: BenchContext, api: BenchProcess, cell: Cell): Promise<Run> {
  const { stack, accounts, plan } = bench;
  const keys = accounts[cell.spread].map((account) => account.key);
  const pids = { ...stack.pids, api: api.pid };
  const before = readCpuTimes(pids);
  const load = await loadApi({ url: api.url, keys, connections: cell.connections, amount: plan.run });
  // The naive design's debits come after its answers and belong to them.
  await settleDown(bench);
  const { answered: items, elapsedMs } = load;
  return { load, cpu: cpuPerItem(before, readCpuTimes(pids), { items, elapsedMs }) };
}

/** Waits until no API process works any more, and empties the queues: nobody takes jobs out of them in this part. */
export async function settleDown({ stack }: BenchContext): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const { rows } = await stack.database.pool.query<{ busy: number }>(
      `select count(*) as busy from pg_stat_activity where application_name = 'base-api' and state <> 'idle'`,
    );
    quiet = rows[0]?.busy === 0 ? quiet + 1 : 0;
    await pause(10);
  }
  await stack.redis.flushdb();
}

function presentRuns(
  bench: BenchContext,
  runs: ReadonlyMap<ApiMode, [ApiMode, Run][]>,
  { spread, connections }: Omit<Cell, 'mode'>,
): Row[] {
  const median = (mode: ApiMode) =>
    medianBy(
      (runs.get(mode) ?? []).map(([, run]) => run),
      (run) => run.load.requestsPerSecond,
    );
  const [naive, unbatched] = [median('naive'), median('unbatched')];
  return apiModes.map((mode) => {
    const { load, cpu } = median(mode);
    const all = (runs.get(mode) ?? []).map(([, run]) => run.load);
    const failed = all.reduce(
      (sum, { answered, statuses, failures }) => sum + failures + answered - (statuses[202] ?? 0),
      0,
    );
    if (failed > 0) {
      bench.problems.push(
        `${mode}, ${describeSpread(spread, bench.plan.organizations)}, ${connections} connections: ${failed} requests failed (${JSON.stringify(all.map((run) => run.statuses))})`,
      );
    }
    return {
      organizations: bench.accounts[spread].length,
      connections,
      mode,
      requests_per_second: load.requestsPerSecond,
      times_naive: mode === 'naive' ? null : ratioOf(load.requestsPerSecond, naive.load.requestsPerSecond),
      times_unbatched: mode === 'batched' ? ratioOf(load.requestsPerSecond, unbatched.load.requestsPerSecond) : null,
      p50_ms: load.p50Ms,
      p99_ms: load.p99Ms,
      failed,
      api_us: cpu.apiUs,
      postgres_us: cpu.postgresUs,
      redis_us: cpu.redisUs,
      bench_us: cpu.benchUs,
      foreign_percent: cpu.foreignShare === null ? null : cpu.foreignShare * 100,
    };
  });
}

/** Ratios hold with some noise, because the modes take turns; rates do not. */
function warnOfStrangers(rows: readonly Row[]): string[] {
  const most = Math.max(...rows.map((row) => Number(row.foreign_percent ?? 0)));
  if (most <= foreignPercentMax) return [];
  return [`Other programs used up to ${most.toFixed(0)} % of the machine meanwhile: repeat this when it is quiet.`];
}
