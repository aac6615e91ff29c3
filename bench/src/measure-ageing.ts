import type { QueuedJob } from '@base/shared/db/queries/job-lifecycle';
import { queuePriority } from '@base/shared/queue/queue-priority';
import { generationQueues } from '@base/shared/queue/queues';
import { Queue } from 'bullmq';
import type { BenchContext } from './bench-context.ts';
import { checkCompleted } from './check-completed.ts';
import { inBatches } from './in-batches.ts';
import { type Account, makeAccount } from './make-accounts.ts';
import { admitJobs } from './place-orders.ts';
import type { Row, Section } from './section.ts';
import { percentile } from './statistics.ts';
import { untilEmpty } from './until-empty.ts';

/** Priorities begin anew with each year: any moment that is far from that. */
const startMs = Date.UTC(2026, 5, 1, 12);

const unlimited = { concurrent_jobs: -1, waiting_jobs: -1, images_per_month: -1 };

interface Arrival {
  account: Account;
  /** Seconds after the start. */
  at: number;
  isFree: boolean;
}

interface Ordered extends Arrival {
  job: QueuedJob;
}

/** BullMQ's own way, to compare with: lower numbers go first, for ever. */
const fixedPriorities = { better: 1, free: 2 };

/**
 * How far jobs of the free plan are overtaken while a better plan fills the queue. The order is all that counts, so minutes
 * of arrivals are put into the queue at once, with the priorities that they would have had, and worked off.
 */
export async function measureAgeing(bench: BenchContext): Promise<Section> {
  const { seconds, perSecond, freeEverySeconds } = bench.plan.ageing;
  const { rows: plans } = await bench.stack.database.pool.query<{ handicap: number }>(
    "select job_priority as handicap from public.plans where id = 'free'",
  );
  const handicap = plans[0]?.handicap ?? 0;
  const aged = await measureOrder(bench, ({ job, at }) => queuePriority(job.priority, new Date(startMs + at * 1_000)));
  const fixed = await measureOrder(bench, ({ isFree }) => (isFree ? fixedPriorities.free : fixedPriorities.better));
  const present = (what: string, overtaken: number[], bound: number | null): Row => ({
    what,
    free_jobs: overtaken.length,
    median_seconds: percentile(overtaken, 0.5),
    most_seconds: Math.max(...overtaken),
    handicap_seconds: bound,
  });
  return {
    id: 'ageing',
    title: `Ageing: ${seconds} s in which a better plan (enterprise) fills the queue, ${perSecond} jobs/s; the free plan a job every ${freeEverySeconds} s`,
    columns: [
      { key: 'what', label: 'way' },
      { key: 'free_jobs', label: 'free jobs', digits: 0 },
      { key: 'median_seconds', label: 'overtaken by what came s later: median', digits: 0 },
      { key: 'most_seconds', label: 'most', digits: 0 },
      { key: 'handicap_seconds', label: 'handicap', digits: 0 },
    ],
    rows: [
      present('priority is a handicap in time: BASE', aged, handicap),
      present('fixed priorities: BullMQ', fixed, null),
    ],
    notes: [
      'The handicap is counted in steps of 16 s. With fixed priorities a job waits until nothing better is left, however long that takes.',
    ],
  };
}

/** @returns for each free job how much later the last job came that went before it, in seconds. */
async function measureOrder(bench: BenchContext, priorityOf: (ordered: Ordered) => number): Promise<number[]> {
  const { stack, plan } = bench;
  bench.say('ageing: filling the queue');
  const ordered = await order(bench);
  const queue = new Queue(generationQueues.image, { connection: stack.redis, prefix: stack.queuePrefix });
  try {
    for (const batch of inBatches(ordered, 500)) {
      await queue.addBulk(
        batch.map((item) => ({
          name: 'generate',
          data: { id: item.job.id },
          opts: { jobId: item.job.id, priority: priorityOf(item) },
        })),
      );
    }
    const worker = await stack.startWorker('instant', { concurrency: plan.ageing.concurrency });
    try {
      await untilEmpty(queue);
    } finally {
      await worker.stop();
    }
  } finally {
    await queue.close();
  }
  const ids = ordered.map(({ job }) => job.id);
  await checkCompleted(bench, ids);
  return readOvertaking(ordered, await readStarts(bench, ids));
}

async function order(bench: BenchContext): Promise<Ordered[]> {
  const { pool } = bench.stack.database;
  const { seconds, perSecond, freeEverySeconds } = bench.plan.ageing;
  const options = { credits: 1_000_000, customLimits: unlimited };
  const better = await makeAccount(pool, { ...options, plan: 'enterprise' });
  const free = await makeAccount(pool, { ...options, plan: 'free' });
  const arrivals: Arrival[] = [];
  for (let index = 0; index < seconds * perSecond; index += 1) {
    arrivals.push({ account: better, at: index / perSecond, isFree: false });
  }
  // In the first half only, so that there is something left to be overtaken by.
  for (let at = 0; at < seconds / 2; at += freeEverySeconds) arrivals.push({ account: free, at, isFree: true });
  arrivals.sort((a, b) => a.at - b.at);
  const jobs = await admitJobs(
    bench,
    arrivals.map(({ account }) => bench.makeReservation(account)),
  );
  return arrivals.flatMap((arrival, index) => {
    const job = jobs[index];
    return job ? [{ ...arrival, job }] : [];
  });
}

async function readStarts({ stack }: BenchContext, jobIds: string[]): Promise<Map<string, number>> {
  const { rows } = await stack.database.pool.query<{ id: string; at: number }>(
    'select id, extract(epoch from started_at)::float as at from public.ai_jobs where id = any ($1)',
    [jobIds],
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}

function readOvertaking(ordered: readonly Ordered[], starts: ReadonlyMap<string, number>): number[] {
  const startOf = ({ job }: Ordered) => starts.get(job.id) ?? Number.POSITIVE_INFINITY;
  const others = ordered.filter(({ isFree }) => !isFree);
  return ordered
    .filter(({ isFree }) => isFree)
    .map((free) => {
      const before = others.filter((other) => startOf(other) < startOf(free));
      return Math.max(0, ...before.map((other) => other.at - free.at));
    });
}
