import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '../contracts/models/model-contract.ts';
import type { QueuedJob } from '../db/queries/job-lifecycle.ts';
import { queuePriority } from './queue-priority.ts';
import { type GenerationPayload, generationQueues } from './queues.ts';

/**
 * Puts jobs into their queues. An add is only a hint: with Redis frozen it may be reported as failed and take effect
 * later, so its result is ignored and the time spent on it is bounded; the relay repeats what was missed.
 */
export class JobEnqueuer {
  readonly #queues = new Map<JobType, Queue<GenerationPayload>>();
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #onError: (error: Error) => void;

  constructor(options: { redis: Redis; prefix: string; onError: (error: Error) => void; timeoutMs?: number }) {
    this.#redis = options.redis;
    this.#prefix = options.prefix;
    this.#onError = options.onError;
    this.#timeoutMs = options.timeoutMs ?? 750;
  }

  /** Never rejects, and takes at most the time-out given. @returns whether Redis confirmed all of it. */
  async enqueue(jobs: readonly QueuedJob[]): Promise<boolean> {
    if (jobs.length === 0) return true;
    if (this.#redis.status !== 'ready') return false;
    const byType = Map.groupBy(jobs, (job) => job.type);
    const adds = [...byType].map(([type, group]) => this.#queue(type).addBulk(group.map(toBulkItem)));
    return withinTime(Promise.all(adds), this.#timeoutMs).catch((error: unknown) => {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
      return false;
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close().catch(this.#onError)));
  }

  #queue(type: JobType): Queue<GenerationPayload> {
    let queue = this.#queues.get(type);
    if (!queue) {
      queue = new Queue<GenerationPayload>(generationQueues[type], { connection: this.#redis, prefix: this.#prefix });
      queue.on('error', this.#onError);
      this.#queues.set(type, queue);
    }
    return queue;
  }
}

function toBulkItem(job: QueuedJob) {
  return {
    name: 'generate',
    data: job.lease_token ? { id: job.id, lease: job.lease_token } : { id: job.id },
    opts: {
      // A finished id would be ignored when it is added again, so each attempt has its own; and so has each lease, because
      // the message of a parked job is still there, waiting for its time.
      jobId: job.lease_token ? `${job.id}-${job.lease_token}` : `${job.id}-${job.attempts}`,
      priority: queuePriority(job.priority, new Date()),
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}

async function withinTime(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  work.catch(() => {}); // It may still fail after we have stopped waiting.
  try {
    return await Promise.race([work.then(() => true), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
