import { generationQueues } from '@base/shared/queue/queues';
import { Queue } from 'bullmq';
import type { BenchContext } from './bench-context.ts';
import { checkCompleted } from './check-completed.ts';
import { type CpuPerItem, cpuPerItem, readCpuTimes } from './cpu-time.ts';
import { inBatches } from './in-batches.ts';
import type { Account } from './make-accounts.ts';
import { type JobOrder, plainOrder, reservationsFor } from './make-reservation.ts';
import { bareMessages } from './measure-limits.ts';
import { openOrderDesk } from './place-orders.ts';
import { bareQueue, type WorkerMode } from './process-modes.ts';
import { type Row, ratioOf, type Section } from './section.ts';
import { describeSpread, spreads } from './spread.ts';
import { untilEmpty } from './until-empty.ts';
import { untilEnded } from './until-ended.ts';

interface Lap {
  jobsPerSecond: number;
  cpu: CpuPerItem;
}

interface LapOptions {
  mode: WorkerMode;
  concurrency: number;
  count: number;
  warmUpCount: number;
  accounts: readonly Account[];
  order?: JobOrder;
}

/** The sandbox answers at once with the smallest picture there is. */
const sandboxed = (model: string): JobOrder => ({
  model,
  input: { prompt: 'A lighthouse [sandbox: latency=0, picture=tiny]' },
});

/** Jobs per second through one worker process: messages are there already, and it is let loose on them. */
export async function measureLifeCycle(bench: BenchContext): Promise<Section> {
  const { plan, accounts } = bench;
  const { jobs: count, warmUpJobs: warmUpCount } = plan.lifeCycle;
  const rows: Row[] = [];
  for (const concurrency of plan.lifeCycle.concurrencies) {
    bench.say(`life of a job: BullMQ alone, ${concurrency} at once`);
    const bare = await runLap(bench, {
      mode: 'bare',
      concurrency,
      count: plan.bareMessages,
      warmUpCount: Math.ceil(plan.bareMessages / 5),
      accounts: [],
    });
    rows.push(present('BullMQ alone, a processor that does nothing', concurrency, bare, undefined));
    for (const spread of spreads) {
      const who = describeSpread(spread, bench.plan.organizations);
      bench.say(`life of a job: ${who}, ${concurrency} at once`);
      const lap = await runLap(bench, { mode: 'instant', concurrency, count, warmUpCount, accounts: accounts[spread] });
      rows.push(present(`life of a job, provider and storage instant, ${who}`, concurrency, lap, bare));
    }
  }
  for (const model of ['openai/gpt-image-2', 'replicate/flux-schnell']) {
    bench.say(`life of a job: sandbox and local storage, ${model}`);
    const lap = await runLap(bench, {
      mode: 'sandbox',
      concurrency: 50,
      count: plan.wholeJobs,
      warmUpCount: Math.ceil(plan.wholeJobs / 4),
      accounts: accounts.many,
      order: sandboxed(model),
    });
    rows.push(present(`whole: sandbox over HTTP, local storage, ${model}`, 50, lap, undefined));
  }
  return {
    id: 'life_cycle',
    title: 'Life of a job: one worker process',
    columns: [
      { key: 'what', label: 'what' },
      { key: 'concurrency', label: 'at once', digits: 0 },
      { key: 'jobs_per_second', label: 'jobs/s', digits: 0 },
      { key: 'share_of_bare', label: 'of BullMQ alone', digits: 2, suffix: '×' },
      { key: 'worker_us', label: 'CPU µs: worker', digits: 0 },
      { key: 'postgres_us', label: 'Postgres', digits: 0 },
      { key: 'redis_us', label: 'Redis', digits: 0 },
      { key: 'foreign_percent', label: 'others', digits: 0, suffix: ' %' },
    ],
    rows,
    notes: [
      'The whole rows are bound by the local stand-ins for provider and storage, which share the machine ("others").',
    ],
  };
}

function present(what: string, concurrency: number, { jobsPerSecond, cpu }: Lap, bare: Lap | undefined): Row {
  return {
    what,
    concurrency,
    jobs_per_second: jobsPerSecond,
    share_of_bare: ratioOf(jobsPerSecond, bare?.jobsPerSecond),
    worker_us: cpu.workerUs,
    postgres_us: cpu.postgresUs,
    redis_us: cpu.redisUs,
    foreign_percent: cpu.foreignShare === null ? null : cpu.foreignShare * 100,
  };
}

async function runLap(bench: BenchContext, options: LapOptions): Promise<Lap> {
  const { stack } = bench;
  const name = options.mode === 'bare' ? bareQueue : generationQueues.image;
  const queue = new Queue(name, { connection: stack.redis, prefix: stack.queuePrefix });
  const worker = await stack.startWorker(options.mode, { concurrency: options.concurrency });
  const pids = { ...stack.pids, worker: worker.pid };
  try {
    const warmUpIds = await fillQueue(bench, queue, options, options.warmUpCount);
    await untilDone(bench, queue, options.mode, warmUpIds);
    await queue.pause();
    const jobIds = await fillQueue(bench, queue, options, options.count);
    const before = readCpuTimes(pids);
    const startedAt = performance.now();
    await queue.resume();
    await untilDone(bench, queue, options.mode, jobIds);
    const elapsedMs = performance.now() - startedAt;
    const cpu = cpuPerItem(before, readCpuTimes(pids), { items: options.count, elapsedMs });
    if (jobIds.length > 0) await checkCompleted(bench, jobIds);
    return { jobsPerSecond: options.count / (elapsedMs / 1000), cpu };
  } finally {
    await queue.close();
    await worker.stop();
  }
}

/** What a callback has made needless may lie in the queue for a while after its job has ended. */
async function untilDone(bench: BenchContext, queue: Queue, mode: WorkerMode, jobIds: string[]): Promise<void> {
  await (mode === 'sandbox' ? untilEnded(bench, jobIds) : untilEmpty(queue));
}

/** @returns the ids of the jobs; none for bare messages. */
async function fillQueue(bench: BenchContext, queue: Queue, options: LapOptions, count: number): Promise<string[]> {
  if (options.mode === 'bare') {
    for (const batch of inBatches(bareMessages(count), 500)) await queue.addBulk(batch);
    return [];
  }
  const desk = openOrderDesk(bench);
  const { accounts, order = plainOrder } = options;
  const jobIds = await desk.place(reservationsFor(accounts, count, bench.makeReservation, order));
  await desk.close();
  return jobIds;
}
