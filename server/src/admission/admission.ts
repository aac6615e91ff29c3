import { Batcher } from '@base/shared/concurrency/batcher';
import { isRefusedByPostgres } from '@base/shared/db/is-refused-by-postgres';
import type { Reservation, ReservationResult } from '@base/shared/db/queries/reserve-jobs';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import type { Queryable } from '@base/shared/db/queryable';
import type { JobEnqueuer } from '@base/shared/queue/job-enqueuer';

export interface Admission {
  /** Decides one request; the decision is committed when this resolves, and the job is on its way to the queue. */
  reserve(reservation: Reservation): Promise<ReservationResult>;
}

/**
 * Collects what arrives while the previous `reserve_jobs` call is under way and sends it as one. Enqueueing follows the
 * commit and nobody waits for it: a job that misses its queue here is picked up by the relay.
 */
export function createAdmission(options: {
  pool: Queryable;
  enqueuer: JobEnqueuer;
  /** 1 turns batching off; for comparison only. */
  batchSizeMax?: number;
  lanesMax?: number;
}): Admission {
  const batcher = new Batcher<Reservation, ReservationResult>(
    async (reservations) => {
      const results = await reserveJobs(options.pool, reservations);
      const queued = reservations.flatMap(({ id, type }, index) => {
        const result = results[index];
        return result?.code === 'admitted' && result.status === 'queued'
          ? [{ id, type, attempts: 0, priority: result.priority }]
          : [];
      });
      void options.enqueuer.enqueue(queued);
      return results;
    },
    {
      sizeMax: options.batchSizeMax ?? 128,
      lanesMax: options.lanesMax ?? 1,
      isItemError: isRefusedByPostgres,
    },
  );
  return { reserve: (reservation) => batcher.add(reservation) };
}
