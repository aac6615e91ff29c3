import { until } from '@base/shared/testing/until';
import { Queue } from 'bullmq';
import { v7 as makeUuidV7 } from 'uuid';
import type { BenchContext } from './bench-context.ts';
import type { HoldingPayload } from './hold-slots.ts';
import { readMemory, toMegabytes } from './memory-use.ts';
import { readPaidCalls } from './paid-calls.ts';
import { holdingQueue } from './process-modes.ts';
import type { Row } from './section.ts';
import { untilEmpty } from './until-empty.ts';

const stuckMs = 60_000;

/** The usual way, to compare with: each task is waited for in a slot. It is killed as soon as all slots are held. */
export async function measureHeldSlots(bench: BenchContext): Promise<Row> {
  const { stack, plan } = bench;
  const { slots, pollIntervalMs, held } = plan.inFlight;
  bench.say(`in flight: the usual way, ${held.jobs} tasks of ${held.latencyMs / 1_000} s`);
  const marker = makeUuidV7();
  const queue = new Queue<HoldingPayload>(holdingQueue, { connection: stack.redis, prefix: stack.queuePrefix });
  const start = () =>
    stack.startWorker('holding', {
      concurrency: slots,
      // Without the secret of the callbacks it asks for none.
      variables: { POLL_INTERVAL_MS: String(pollIntervalMs), REPLICATE_WEBHOOK_SECRET: '' },
    });
  let worker = await start();
  try {
    const idle = readMemory(worker.pid);
    const startedAt = performance.now();
    await queue.addBulk(
      Array.from({ length: held.jobs }, (_, index) => ({
        name: 'hold',
        data: { prompt: `${marker}: lighthouse ${index} [sandbox: latency=${held.latencyMs}, picture=tiny]` },
      })),
    );
    let most = 0;
    await until(
      'all slots are held',
      async () => {
        most = Math.max(most, await queue.getActiveCount());
        return (await readPaidCalls(stack.info.sandbox_url, marker)).size >= slots;
      },
      { timeoutMs: stuckMs },
    );
    const memory = readMemory(worker.pid);
    await worker.kill();
    worker = await start();
    await untilEmpty(queue);
    const allDoneMs = performance.now() - startedAt;
    const paid = await readPaidCalls(stack.info.sandbox_url, marker);
    const calls = [...paid.values()].reduce((sum, count) => sum + count, 0);
    return {
      way: 'held in its slot: plain BullMQ',
      jobs: held.jobs,
      most_in_flight: most,
      times_held: null,
      submit_seconds: null,
      idle_mb: toMegabytes(idle?.now),
      peak_mb: toMegabytes(memory?.now),
      worker_percent: null,
      polls_per_second: null,
      killed_with: most,
      completed: paid.size,
      calls_per_job: calls / paid.size,
      all_done_seconds: allDoneMs / 1_000,
    };
  } finally {
    await queue.close();
    await worker.stop();
  }
}
