import type { CanaryPayload } from '@base/shared/queue/queues';
import { Queue } from 'bullmq';
import type { WorkerDeps } from './deps.ts';
import type { QueueRunner } from './run-queue.ts';

export interface CanaryWatch {
  /** False while a runner has missed half of what makes it deaf. */
  isHealthy(): boolean;
  stop(): Promise<void>;
}

export interface CanaryOptions {
  everyMs: number;
  /** Canaries put into a queue in vain before its runner counts as deaf. */
  toleratedMax: number;
  onDeaf: (queue: string) => void;
}

/**
 * Proves that this process still takes work. After an outage a queue connection can look healthy and yet deliver nothing,
 * for hours; pings stay green. So every process puts a canary into each of its queues now and then; a runner with free
 * slots that has taken nothing, while canaries went in and Redis answered, is deaf.
 */
export function watchCanaries(runners: readonly QueueRunner[], deps: WorkerDeps, options: CanaryOptions): CanaryWatch {
  const watches = runners.map((runner) => {
    const queue = new Queue<CanaryPayload>(runner.queue, { connection: deps.redis, prefix: deps.config.QUEUE_PREFIX });
    queue.on('error', (err) => deps.log.debug({ err }, 'canary queue'));
    let inVain = 0;
    let seenAt = runner.lastTakenAt();
    let sent = 0;
    const timer = setInterval(async () => {
      if (runner.isFull() || runner.lastTakenAt() !== seenAt) {
        inVain = 0;
        seenAt = runner.lastTakenAt();
      }
      if (inVain >= options.toleratedMax) options.onDeaf(runner.queue);
      if (deps.redis.status !== 'ready') return;
      sent += 1;
      const opts = { jobId: `canary-${deps.name}-${sent}`, removeOnComplete: true, removeOnFail: true };
      await queue
        .add('canary', { canary: deps.name }, opts)
        .then(() => {
          inVain += 1;
        })
        // Redis not answering is no sign of deafness.
        .catch(() => {
          inVain = 0;
        });
    }, options.everyMs);
    return { timer, queue, isHealthy: () => inVain <= options.toleratedMax / 2 };
  });
  return {
    isHealthy: () => watches.every((watch) => watch.isHealthy()),
    async stop() {
      for (const watch of watches) clearInterval(watch.timer);
      await Promise.all(watches.map((watch) => watch.queue.close().catch(() => {})));
    },
  };
}
