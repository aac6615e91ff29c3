import { setTimeout as pause } from 'node:timers/promises';
import { openWaitingRedis } from '@base/shared/queue/connection';
import type { WorkerDeps } from '@base/workers/start/deps';
import { Worker } from 'bullmq';
import { holdingQueue } from './process-modes.ts';

export interface HoldingPayload {
  prompt: string;
}

/**
 * A worker as it is usually written: the processor sends the paid call and waits in its slot until the provider is done.
 * What it has bought is known to nobody else.
 */
export function runHoldingQueue({ config, adapters }: WorkerDeps): Worker {
  const provider = adapters.withPlatformKey('replicate');
  if (!provider) throw new Error('there is no replicate');
  return new Worker<HoldingPayload>(
    holdingQueue,
    async ({ id: requestId = '', data }) => {
      const call = { model: 'flux-schnell', requestId, signal: AbortSignal.timeout(600_000) };
      const result = await provider.submit({ ...call, input: { prompt: data.prompt }, secondsLeft: 600 });
      if (result.kind !== 'accepted') throw new Error(`the paid call ended as ${result.kind}`);
      while ((await provider.poll(result.taskId, call)).kind === 'running') await pause(config.POLL_INTERVAL_MS);
    },
    {
      connection: openWaitingRedis(config.REDIS_URL, () => {}),
      prefix: config.QUEUE_PREFIX,
      concurrency: config.WORKER_CONCURRENCY['*'] ?? 1,
      // Half a minute each by default: here nobody has to wait that long to see what becomes of a killed worker's jobs.
      lockDuration: 3_000,
      stalledInterval: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
}
