import { claimStaleJobs } from '@base/shared/db/queries/job-lifecycle';
import type { Schedule } from '../schedule.ts';

const batchSize = 500;

/**
 * The relay: brings jobs into their queue that the queue may not know of. That is how a node killed between commit and
 * enqueue, a worker killed at work, and a Redis that lost everything are repaired alike.
 *
 * A key in Redis tells whether Redis still is the one we filled: when it is missing, everything queued is added anew.
 */
export const relayStaleJobs: Schedule = {
  name: 'relay-stale-jobs',
  everySeconds: 1,
  async run({ pool, redis, enqueuer, config, log }) {
    const epochKey = `${config.QUEUE_PREFIX}:epoch`;
    // Claiming marks rows as enqueued, so nothing is claimed while Redis cannot take it.
    if (redis.status !== 'ready') return;
    const wasLost = (await redis.get(epochKey)) === null;
    for (;;) {
      const jobs = await claimStaleJobs(pool, batchSize, wasLost);
      if (jobs.length > 0) log.info({ jobs: jobs.length, wasLost }, 'jobs brought to their queue');
      if (!(await enqueuer.enqueue(jobs))) {
        // What was claimed may not have arrived: the next run takes it again.
        await redis.del(epochKey).catch(() => {});
        return;
      }
      if (jobs.length < batchSize) break;
    }
    if (wasLost) await redis.set(epochKey, new Date().toISOString());
  },
};
