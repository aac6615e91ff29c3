import { loadConfig } from '@base/shared/config/load-config';
import { createLogger } from '@base/shared/log/logger';
import { startMetricsServer } from '@base/shared/metrics/metrics-server';
import { openWaitingRedis } from '@base/shared/queue/connection';
import { generationQueues } from '@base/shared/queue/queues';
import { buildWorkerDeps } from '@base/workers/start/deps';
import { runQueue } from '@base/workers/start/run-queue';
import { drainOnSignal } from '@base/workers/start/shutdown';
import { Worker } from 'bullmq';
import { instantParts } from './instant-parts.ts';
import { bareQueue, isWorkerMode } from './process-modes.ts';

// One worker that takes image jobs and nothing else: no relay and no upkeep, so that only what is measured runs.
//
//   instant   the life of a job as in production; the provider answers at once, and storing costs nothing
//   sandbox   all of it: the sandbox over HTTP, pictures inspected, local storage
//   bare      BullMQ alone, with a processor that does nothing
const mode = process.argv[2];
if (!isWorkerMode(mode)) throw new Error(`there is no worker called ${mode}`);

const config = loadConfig();
const log = createLogger({ level: config.LOG_LEVEL, process: 'worker' });
const deps = await buildWorkerDeps(config, log, mode === 'sandbox' ? {} : instantParts);
const runner = mode === 'bare' ? runBareQueue() : runQueue(generationQueues.image, deps);
deps.leases.start();
const metricsServer = await startMetricsServer({ metrics: deps.metrics, host: config.HOST, port: config.METRICS_PORT });

drainOnSignal({
  log,
  seconds: config.SHUTDOWN_SECONDS,
  async drain() {
    await runner.close({ isForced: false });
    deps.leases.stop();
    await metricsServer.close();
    await deps.close();
  },
});

function runBareQueue(): { close(options: { isForced: boolean }): Promise<void> } {
  const worker = new Worker(bareQueue, async () => {}, {
    connection: openWaitingRedis(config.REDIS_URL, () => {}),
    prefix: config.QUEUE_PREFIX,
    concurrency: config.WORKER_CONCURRENCY['*'] ?? 1,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  return { close: ({ isForced }) => worker.close(isForced) };
}
