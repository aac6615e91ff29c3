import { setTimeout as pause } from 'node:timers/promises';
import { generationQueues } from '@base/shared/queue/queues';
import { until } from '@base/shared/testing/until';
import { Queue } from 'bullmq';
import type { BenchContext } from './bench-context.ts';
import { inBatches } from './in-batches.ts';
import { type Account, makeAccount } from './make-accounts.ts';
import { reservationsFor } from './make-reservation.ts';
import { settleDown } from './measure-admission.ts';
import { admitJobs, openOrderDesk } from './place-orders.ts';
import { type Row, ratioOf, type Section } from './section.ts';
import { average, percentile } from './statistics.ts';
import { untilEmpty } from './until-empty.ts';

/** Until so much of the flood is done nothing is measured: the worker has to get warm. */
const warmUpShare = 0.05;
const stuckMs = 60_000;

interface Wait {
  p50Ms: number;
  p95Ms: number;
}

interface Tenants {
  flood: Account;
  light: Account;
}

/** How long a tenant with a job now and then waits while another one floods the system. */
export async function measureFairness(bench: BenchContext): Promise<Section> {
  const { flood, rounds, lightJobs, gapMs, slots } = bench.plan.fairness;
  const base = await measureBase(bench);
  const line = await measureOneLine(bench);
  const present = (what: string, wait: Wait, rate: number | null): Row => ({
    what,
    p50_ms: wait.p50Ms,
    p95_ms: wait.p95Ms,
    times_undisturbed: ratioOf(wait.p95Ms, base.undisturbed.p95Ms),
    flood_per_second: rate,
    flood_share: rate === null ? null : ratioOf(rate, base.floodAlone),
  });
  const left = `${base.left.toLocaleString('en-US')} of them were left when the measurement ended`;
  return {
    id: 'fairness',
    title: `Fairness: one tenant orders ${flood.toLocaleString('en-US')} jobs at once, another one a job every ${gapMs} ms`,
    columns: [
      { key: 'what', label: 'wait of the light tenant, from admission to start' },
      { key: 'p50_ms', label: 'p50 ms', digits: 1 },
      { key: 'p95_ms', label: 'p95 ms', digits: 1 },
      { key: 'times_undisturbed', label: 'p95 vs without', digits: 1, suffix: '×' },
      { key: 'flood_per_second', label: 'flood jobs/s', digits: 0 },
      { key: 'flood_share', label: 'of flood alone', digits: 2, suffix: '×' },
    ],
    rows: [
      present('no flood', base.undisturbed, null),
      present('flood: BASE', base.beside, base.floodBeside),
      present('flood: one queue, first come first served', line.wait, line.floodRate),
    ],
    notes: [
      `Both on the plan "business", one worker process with ${slots} slots, provider and storage instant; ${rounds * lightJobs} jobs of the light tenant. BASE: ${left}.`,
    ],
  };
}

async function makeTenants({ stack }: BenchContext, customLimits: Record<string, number>): Promise<Tenants> {
  const options = { credits: 1_000_000, plan: 'business', customLimits: { images_per_month: -1, ...customLimits } };
  const [flood, light] = [
    await makeAccount(stack.database.pool, options),
    await makeAccount(stack.database.pool, options),
  ];
  return { flood, light };
}

async function measureBase(bench: BenchContext) {
  const { stack, plan, makeReservation } = bench;
  const { rounds, lightJobs, gapMs, slots } = plan.fairness;
  const { flood, light } = await makeTenants(bench, {});
  const queue = openImageQueue(bench);
  const worker = await stack.startWorker('instant', { concurrency: slots });
  const desk = openOrderDesk(bench);
  const sendLight = () => sendJobs(lightJobs, gapMs, () => desk.place([makeReservation(light)]));
  try {
    bench.say('fairness: the light tenant alone');
    await sendLight();
    const undisturbed = await readWaits(bench, await sendLight());
    bench.say('fairness: BASE, with a flood');
    await queue.pause();
    await desk.place(reservationsFor([flood], plan.fairness.flood, makeReservation));
    await queue.resume();
    await untilWarm(bench, flood);
    const alone: number[] = [];
    const beside: number[] = [];
    const ids: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const isLightFirst = round % 2 === 1;
      if (isLightFirst) beside.push(await floodRate(bench, flood, async () => ids.push(...(await sendLight()))));
      alone.push(await floodRate(bench, flood, () => sendJobs(lightJobs, gapMs, async () => [])));
      if (!isLightFirst) beside.push(await floodRate(bench, flood, async () => ids.push(...(await sendLight()))));
    }
    const left = await countLeft(bench, flood);
    return {
      undisturbed,
      beside: await readWaits(bench, ids),
      floodAlone: average(alone),
      floodBeside: average(beside),
      left,
    };
  } finally {
    await desk.close();
    await queue.close();
    await worker.stop();
    // What is left waits for ever: nobody brings it back.
    await settleDown(bench);
  }
}

/** The usual way: everything in one queue in the order in which it came, and no limit for anybody. */
async function measureOneLine(bench: BenchContext): Promise<{ wait: Wait; floodRate: number }> {
  const { stack, plan, makeReservation } = bench;
  const { rounds, lightJobs, gapMs, slots } = plan.fairness;
  bench.say('fairness: one queue in the order of arrival, with a flood');
  const { flood, light } = await makeTenants(bench, { concurrent_jobs: -1 });
  const queue = openImageQueue(bench);
  const add = async (account: Account, count: number): Promise<string[]> => {
    const jobs = await admitJobs(bench, reservationsFor([account], count, makeReservation));
    for (const batch of inBatches(jobs, 500)) {
      await queue.addBulk(batch.map(({ id }) => ({ name: 'generate', data: { id }, opts: { jobId: id } })));
    }
    return jobs.map(({ id }) => id);
  };
  await queue.pause();
  await add(flood, plan.fairness.flood);
  const worker = await stack.startWorker('instant', { concurrency: slots });
  try {
    await queue.resume();
    await untilWarm(bench, flood);
    let ids: string[] = [];
    const rate = await floodRate(bench, flood, async () => {
      ids = await sendJobs(rounds * lightJobs, gapMs, () => add(light, 1));
      await untilEmpty(queue);
    });
    return { wait: await readWaits(bench, ids), floodRate: rate };
  } finally {
    await queue.close();
    await worker.stop();
  }
}

function openImageQueue({ stack }: BenchContext): Queue {
  return new Queue(generationQueues.image, { connection: stack.redis, prefix: stack.queuePrefix });
}

/** Sends one after the other, with a pause after each. @returns the ids of the jobs. */
async function sendJobs(count: number, gapMs: number, send: () => Promise<string[]>): Promise<string[]> {
  const ids: string[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    ids.push(...(await send()));
    await pause(gapMs);
  }
  return ids;
}

/** Jobs of the flood per second, while something else is done. */
async function floodRate(bench: BenchContext, flood: Account, run: () => Promise<unknown>): Promise<number> {
  const before = await countLeft(bench, flood);
  const startedAt = performance.now();
  await run();
  const seconds = (performance.now() - startedAt) / 1_000;
  return (before - (await countLeft(bench, flood))) / seconds;
}

async function untilWarm(bench: BenchContext, flood: Account): Promise<void> {
  const enough = bench.plan.fairness.flood * (1 - warmUpShare);
  await until('the worker is warm', async () => (await countLeft(bench, flood)) <= enough, { timeoutMs: stuckMs });
}

/** Jobs of an organization that have not ended. */
async function countLeft({ stack }: BenchContext, { organizationId }: Account): Promise<number> {
  const { rows } = await stack.database.pool.query<{ left: number }>(
    'select active_jobs + waiting_jobs as left from public.credit_balances where organization_id = $1',
    [organizationId],
  );
  return rows[0]?.left ?? 0;
}

/** From admission to the moment at which a worker takes it, by the clock of Postgres; waits until all have been taken. */
async function readWaits({ stack }: BenchContext, jobIds: readonly string[]): Promise<Wait> {
  const waits = await until(
    'the light tenant’s jobs are taken',
    async () => {
      const { rows } = await stack.database.pool.query<{ ms: number }>(
        `select extract(epoch from started_at - created_at)::float * 1000 as ms from public.ai_jobs
         where id = any ($1) and started_at is not null`,
        [jobIds],
      );
      return rows.length === jobIds.length && rows.map(({ ms }) => ms);
    },
    { timeoutMs: stuckMs },
  );
  return { p50Ms: percentile(waits, 0.5), p95Ms: percentile(waits, 0.95) };
}
