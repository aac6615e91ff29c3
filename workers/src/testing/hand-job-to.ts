import type { JobType } from '@base/shared/contracts/models/model-contract';
import { openRequestRedis } from '@base/shared/queue/connection';
import { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import { until } from '@base/shared/testing/until';
import type { Fleet } from './start-fleet.ts';
import type { OrderedJob } from './tenant.ts';

/**
 * Puts a job into the queue of the workers with this QUEUE_PREFIX. With a prefix for each worker, and one that nobody
 * listens to for the API, a test decides which worker gets which job.
 */
export async function handJobTo(fleet: Fleet, prefix: string, job: OrderedJob, type: JobType = 'image'): Promise<void> {
  const redis = openRequestRedis(fleet.redis.url, () => {});
  const enqueuer = new JobEnqueuer({ redis, prefix, onError: () => {}, timeoutMs: 5_000 });
  try {
    await until('Redis is connected', () => redis.status === 'ready');
    const isThere = await enqueuer.enqueue([{ id: job.id, type, attempts: 0, priority: 0 }]);
    if (!isThere) throw new Error(`the job could not be put into the queue of ${prefix}`);
  } finally {
    await enqueuer.close();
    redis.disconnect();
  }
}
