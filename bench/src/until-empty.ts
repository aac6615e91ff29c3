import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';

/** Waits until a queue holds nothing. @throws Error when nothing has moved for a minute. */
export async function untilEmpty(queue: Queue): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let movedAt = performance.now();
  for (;;) {
    const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
    const left = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (left === 0) return;
    if (left < least) {
      least = left;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > 60_000) throw new Error(`${left} messages are stuck in ${queue.name}`);
    await pause(5);
  }
}
