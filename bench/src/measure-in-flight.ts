import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@base/shared/testing/until';
import type { BenchContext } from './bench-context.ts';
import type { BenchProcess } from './bench-stack.ts';
import { checkCompleted } from './check-completed.ts';
import { readCpuTimes } from './cpu-time.ts';
import { makeAccount } from './make-accounts.ts';
import { measureHeldSlots } from './measure-held-slots.ts';
import { readMemory, toMegabytes } from './memory-use.ts';
import { readPaidCalls } from './paid-calls.ts';
import { openOrderDesk } from './place-orders.ts';
import { fetchMetrics, readMetric } from './read-metric.ts';
import { type Row, ratioOf, type Section } from './section.ts';
import { untilEnded } from './until-ended.ts';

const sampleMs = 250;
const stuckMs = 300_000;

/**
 * How many tasks of a provider one worker process has under way at once, and what becomes of them when it is killed. It
 * has to come before what leaves jobs behind: its worker runs the relay, which would bring all of them back.
 */
export async function measureInFlight(bench: BenchContext): Promise<Section> {
  const { slots, latencyMs, jobs } = bench.plan.inFlight;
  const api = await bench.stack.startApi('batched');
  const parked = await measureParked(bench).finally(() => api.stop());
  const held = await measureHeldSlots(bench);
  const heldMinutes = (jobs * latencyMs) / slots / 60_000;
  return {
    id: 'in_flight',
    title: `In flight: one worker process with ${slots} slots, killed (SIGKILL) and started anew in the middle`,
    columns: [
      { key: 'way', label: 'while the provider works' },
      { key: 'jobs', label: 'jobs', digits: 0 },
      { key: 'most_in_flight', label: 'in flight', digits: 0 },
      { key: 'times_held', label: 'vs held', digits: 1, suffix: '×' },
      { key: 'submit_seconds', label: 'all sent s', digits: 1 },
      { key: 'idle_mb', label: 'MB idle', digits: 0 },
      { key: 'peak_mb', label: 'MB most', digits: 0 },
      { key: 'worker_percent', label: 'CPU %', digits: 0 },
      { key: 'polls_per_second', label: 'polls/s', digits: 0 },
      { key: 'killed_with', label: 'at the kill', digits: 0 },
      { key: 'completed', label: 'completed', digits: 0 },
      { key: 'calls_per_job', label: 'paid calls per job', digits: 2 },
      { key: 'all_done_seconds', label: 'all done s', digits: 1 },
    ],
    rows: [{ ...parked, times_held: ratioOf(Number(parked.most_in_flight), Number(held.most_in_flight)) }, held],
    notes: [
      `A task takes ${latencyMs / 1_000} s (held slots: ${bench.plan.inFlight.held.latencyMs / 1_000} s). "In flight" is paid for and unfinished; CPU is the worker's, of one core, while all of them are.`,
      `Through ${slots} held slots ${jobs} tasks of ${latencyMs / 1_000} s would take ${heldMinutes.toFixed(0)} minutes.`,
    ],
  };
}

interface Flight {
  /** Paid calls that the provider has taken. */
  sent: number;
  /** Of these, unfinished as far as anybody here knows. */
  live: number;
  ended: number;
}

interface Peak {
  live: number;
  bytes: number | null;
}

async function measureParked(bench: BenchContext): Promise<Row> {
  const { stack, plan } = bench;
  const { jobs, slots, latencyMs, watchMs, leaseSeconds, pollIntervalMs } = plan.inFlight;
  const account = await makeAccount(stack.database.pool, { credits: 1_000_000_000 });
  const start = () =>
    stack.startWorker('parking', {
      concurrency: slots,
      variables: { WORKER_LEASE_SECONDS: String(leaseSeconds), POLL_INTERVAL_MS: String(pollIntervalMs) },
    });
  let worker = await start();
  const desk = openOrderDesk(bench);
  try {
    bench.say(`in flight: ${jobs} tasks of ${latencyMs / 1_000} s`);
    const idle = readMemory(worker.pid);
    const peak: Peak = { live: 0, bytes: null };
    const startedAt = performance.now();
    const reservations = Array.from({ length: jobs }, (_, index) =>
      bench.makeReservation(account, {
        model: 'replicate/flux-schnell',
        // A prompt of its own, so that the sandbox's book tells how often each job was paid for.
        input: {
          prompt: `${account.organizationId}: lighthouse ${index} [sandbox: latency=${latencyMs}, picture=tiny]`,
        },
      }),
    );
    const ids = await desk.place(reservations);
    const look = () => takeSample(bench, worker, account.organizationId, peak);
    await until(
      'all tasks are under way',
      async () => {
        const { sent, ended } = await look();
        return sent === jobs || ended > 0;
      },
      { timeoutMs: stuckMs },
    );
    const submitMs = performance.now() - startedAt;
    const steady = await watchSteady(bench, worker, watchMs, look);
    const flight = await look();
    bench.say(`in flight: killing the worker with ${flight.live} tasks under way`);
    await worker.kill();
    worker = await start();
    await untilEnded(bench, ids);
    const allDoneMs = performance.now() - startedAt;
    const paid = await readPaidCalls(stack.info.sandbox_url, account.organizationId);
    const calls = [...paid.values()].reduce((sum, count) => sum + count, 0);
    if (paid.size !== jobs || calls !== jobs)
      bench.problems.push(`${jobs} jobs in flight were paid for ${calls} times`);
    return {
      way: 'parked: BASE',
      jobs,
      most_in_flight: peak.live,
      submit_seconds: submitMs / 1_000,
      idle_mb: toMegabytes(idle?.now),
      peak_mb: toMegabytes(peak.bytes),
      ...steady,
      killed_with: flight.live,
      completed: await checkCompleted(bench, ids),
      calls_per_job: calls / jobs,
      all_done_seconds: allDoneMs / 1_000,
    };
  } finally {
    await desk.close();
    await worker.stop();
  }
}

async function takeSample(
  { stack }: BenchContext,
  worker: BenchProcess,
  organizationId: string,
  peak: Peak,
): Promise<Flight> {
  await pause(sampleMs);
  const { rows } = await stack.database.pool.query<Flight>(
    `select count(*) filter (where a.submitted_at is not null) as sent, count(*) filter (where a.status = 'submitted') as live,
       count(*) filter (where j.completed_at is not null) as ended
     from public.ai_jobs j left join public.provider_attempts a on a.job_id = j.id
     where j.organization_id = $1`,
    [organizationId],
  );
  const flight = rows[0] ?? { sent: 0, live: 0, ended: 0 };
  const memory = readMemory(worker.pid);
  peak.live = Math.max(peak.live, flight.live);
  if (memory) peak.bytes = Math.max(peak.bytes ?? 0, memory.now);
  return flight;
}

/** What it takes to wait for all of them. */
async function watchSteady(bench: BenchContext, worker: BenchProcess, watchMs: number, look: () => Promise<Flight>) {
  const pids = { ...bench.stack.pids, worker: worker.pid };
  const polls = async () =>
    readMetric(await fetchMetrics(worker.metricsUrl), 'provider_request_duration_seconds_count', { operation: 'poll' });
  const [pollsBefore, before, startedAt] = [await polls(), readCpuTimes(pids), performance.now()];
  while (performance.now() - startedAt < watchMs && (await look()).ended === 0);
  const elapsedMs = performance.now() - startedAt;
  const after = readCpuTimes(pids);
  const isKnown = before.worker !== null && after.worker !== null;
  return {
    worker_percent: isKnown ? (100 * (Number(after.worker) - Number(before.worker))) / elapsedMs : null,
    polls_per_second: ((await polls()) - pollsBefore) / (elapsedMs / 1_000),
  };
}
