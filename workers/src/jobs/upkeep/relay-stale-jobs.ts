import { claimStaleJobs } from '@base/shared/db/queries/job-lifecycle';
import type { Schedule } from '../schedule.ts';

const batchSize = 500;
/** Longer than the two seconds for which a claim leaves alone what has just been claimed. */
const searchSeconds = 4;
/** A search that nobody goes on with is forgotten. */
const searchSecondsMax = 60;

/**
 * The relay: brings jobs into their queue that the queue may not know of. That is how a node killed between commit and
 * enqueue, a worker killed at work, and a Redis that lost everything are repaired alike.
 *
 * A key in Redis tells whether Redis still is the one we filled: while it is missing, everything queued is added anew. It
 * comes back after some seconds only, because what was brought right before the loss is claimed no sooner.
 */
export const relayStaleJobs: Schedule = {
  name: 'relay-stale-jobs',
  everySeconds: 1,
  async run({ pool, redis, enqueuer, config, log }) {
    const epochKey = `${config.QUEUE_PREFIX}:epoch`;
    const searchKey = `${config.QUEUE_PREFIX}:search`;
    // Claiming marks rows as enqueued, so nothing is claimed while Redis cannot take it.
    if (redis.status !== 'ready') return;
    const wasLost = (await redis.get(epochKey)) === null;
    // What was claimed may not have arrived: the next run takes it again.
    const searchAgain = () => redis.del(epochKey, searchKey).catch(() => {});
    for (;;) {
      const jobs = await claimStaleJobs(pool, batchSize, wasLost).catch(async (error: unknown) => {
        // The claim may have been committed all the same.
        await searchAgain();
        throw error;
      });
      if (jobs.length > 0) log.info({ jobs: jobs.length, wasLost }, 'jobs brought to their queue');
      if (!(await enqueuer.enqueue(jobs))) {
        await searchAgain();
        return;
      }
      if (jobs.length < batchSize) break;
    }
    if (!wasLost) return;
    await redis.set(searchKey, '1', 'EX', searchSecondsMax, 'NX');
    if ((await redis.ttl(searchKey)) > searchSecondsMax - searchSeconds) return;
    await redis.set(epochKey, new Date().toISOString());
    await redis.del(searchKey);
  },
};
