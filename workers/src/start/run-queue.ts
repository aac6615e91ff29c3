import {
  type CanaryPayload,
  canaryPayload,
  type GenerationPayload,
  generationPayload,
} from '@base/shared/queue/queues';
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import { runGeneration } from '../generation/run-generation.ts';
import type { WorkerDeps } from './deps.ts';

export interface QueueRunner {
  queue: string;
  /** When it last took something, by `performance.now()`. */
  lastTakenAt(): number;
  /** Whether it has no free slot, so that taking nothing is no sign of deafness. */
  isFull(): boolean;
  close(options: { isForced: boolean }): Promise<void>;
}

const putBackMs = 1_000;

/** Takes messages of one generation queue. */
export function runQueue(queue: string, deps: WorkerDeps): QueueRunner {
  const { [queue]: own, '*': common = 1 } = deps.config.WORKER_CONCURRENCY;
  const concurrency = own ?? common;
  let lastTakenAt = performance.now();
  let active = 0;

  async function handle(job: Job<GenerationPayload | CanaryPayload>, token: string | undefined): Promise<void> {
    lastTakenAt = performance.now();
    if (canaryPayload.safeParse(job.data).success) return;
    const payload = generationPayload.safeParse(job.data);
    if (!payload.success) throw new UnrecoverableError('the message is not one of ours');
    active += 1;
    try {
      const result = await runGeneration(payload.data, deps.run).catch((err: unknown) => putBack(err, payload.data));
      if (result.kind === 'over') return;
      await job.updateData({ id: payload.data.id, ...(result.leaseToken && { lease: result.leaseToken }) });
      await job.moveToDelayed(Date.now() + result.ms, token);
    } finally {
      active -= 1;
    }
    // Tells BullMQ that the message has been put back and is not done.
    throw new DelayedError();
  }

  /**
   * The job could not even be taken, because Postgres did not answer. Dropping the message would leave it to the relay,
   * which looks only once a minute at a job that it has enqueued before.
   */
  function putBack(err: unknown, payload: GenerationPayload) {
    deps.log.warn({ err, job_id: payload.id }, 'a job could not be taken; its message goes back');
    return { kind: 'again' as const, ms: putBackMs, leaseToken: payload.lease };
  }

  const worker = new Worker<GenerationPayload | CanaryPayload>(queue, handle, {
    connection: deps.queueRedis,
    prefix: deps.config.QUEUE_PREFIX,
    concurrency,
    // BullMQ counts a message whose worker died as stalled, and gives up after a few; attempts are counted in the row.
    maxStalledCount: 1_000,
    stalledInterval: 15_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  // Hints only: what is true stands in Postgres, and what was lost comes back by the relay.
  worker.on('error', (err) => deps.log.debug({ err, queue }, 'queue connection'));
  worker.on('failed', (job, err) => deps.log.warn({ err, queue, message_id: job?.id }, 'a message failed'));
  return {
    queue,
    lastTakenAt: () => lastTakenAt,
    isFull: () => active >= concurrency,
    close: ({ isForced }) => worker.close(isForced),
  };
}
