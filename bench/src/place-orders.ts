import type { QueuedJob } from '@base/shared/db/queries/job-lifecycle';
import { type Reservation, reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import type { BenchContext } from './bench-context.ts';
import { inBatches } from './in-batches.ts';

const batchSize = 500;

/** Admits and enqueues as the API does, without the HTTP around it. */
export interface OrderDesk {
  /** @returns the ids of the jobs. */
  place(reservations: readonly Reservation[]): Promise<string[]>;
  close(): Promise<void>;
}

export function openOrderDesk(bench: BenchContext): OrderDesk {
  const { stack, problems } = bench;
  const enqueuer = new JobEnqueuer({
    redis: stack.redis,
    prefix: stack.queuePrefix,
    onError: (error) => problems.push(`a job was not enqueued: ${error.message}`),
    timeoutMs: 10_000,
  });
  return {
    async place(reservations) {
      for (const batch of inBatches(reservations, batchSize)) {
        await enqueuer.enqueue(await admitJobs(bench, batch));
      }
      return reservations.map(({ id }) => id);
    },
    close: () => enqueuer.close(),
  };
}

/** Admits jobs and enqueues none. @returns those that may start; the others wait for their organization's turn. */
export async function admitJobs(
  { stack, problems }: BenchContext,
  reservations: readonly Reservation[],
): Promise<QueuedJob[]> {
  const queued: QueuedJob[] = [];
  for (const batch of inBatches(reservations, batchSize)) {
    const results = await reserveJobs(stack.database.pool, batch);
    const refused = results.filter(({ code }) => code !== 'admitted');
    if (refused.length > 0) problems.push(`${refused.length} jobs were refused, the first as ${refused[0]?.code}`);
    for (const [index, { id, type }] of batch.entries()) {
      const result = results[index];
      if (result?.status === 'queued') queued.push({ id, type, attempts: 0, priority: result.priority });
    }
  }
  return queued;
}
