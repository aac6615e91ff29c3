import type { Config } from '@base/shared/config/env-schema';
import { loadConfig } from '@base/shared/config/load-config';
import { createLogger } from '@base/shared/log/logger';
import { startMetricsServer } from '@base/shared/metrics/metrics-server';
import { openWaitingRedis } from '@base/shared/queue/connection';
import { generationQueues } from '@base/shared/queue/queues';
import { relayStaleJobs } from '@base/workers/jobs/upkeep/relay-stale-jobs';
import { buildWorkerDeps, type WorkerDeps, type WorkerParts } from '@base/workers/start/deps';
import { runQueue } from '@base/workers/start/run-queue';
import { runSchedules } from '@base/workers/start/run-schedules';
import { drainOnSignal } from '@base/workers/start/shutdown';
import { runWebhookQueue } from '@base/workers/webhooks/run-webhook-queue';
import { Worker } from 'bullmq';
import { createBufferingOutputs } from './buffering-outputs.ts';
import { runHoldingQueue } from './hold-slots.ts';
import { instantOutputs, instantParts } from './instant-parts.ts';
import { bareQueue, isWorkerMode, type WorkerMode } from './process-modes.ts';

// One worker that takes the jobs of one queue and does nothing else, so that only what is measured runs.
//
//   instant    the life of a job as in production; the provider answers at once, and storing costs nothing
//   sandbox    all of it: the sandbox over HTTP, pictures inspected, local storage
//   bare       BullMQ alone, with a processor that does nothing
//   parking    the sandbox over HTTP, and storing costs nothing; with the relay, which finds what a killed worker had
//   holding    the same provider, waited for in the slot, as a plain BullMQ worker does
//   streaming  videos as in production
//   buffering  videos brought through memory
//   webhooks   deliveries, to receivers on this machine
const mode = process.argv[2];
if (!isWorkerMode(mode)) throw new Error(`there is no worker called ${mode}`);

const config = loadConfig();
const log = createLogger({ level: config.LOG_LEVEL, process: 'worker' });
const deps = await buildWorkerDeps(config, log, partsOf(mode, config));
const closeQueue = takeJobs(mode, deps);
deps.leases.start();
const stopSchedules = mode === 'parking' ? runSchedules([relayStaleJobs], deps) : async () => {};
const metricsServer = await startMetricsServer({ metrics: deps.metrics, host: config.HOST, port: config.METRICS_PORT });

drainOnSignal({
  log,
  seconds: config.SHUTDOWN_SECONDS,
  async drain() {
    await stopSchedules();
    await closeQueue();
    deps.leases.stop();
    await metricsServer.close();
    await deps.close();
  },
});

function partsOf(mode: WorkerMode, config: Config): WorkerParts {
  switch (mode) {
    case 'instant':
    case 'bare':
      return instantParts;
    case 'parking':
    case 'holding':
      return { outputs: instantOutputs };
    case 'buffering':
      return { outputs: createBufferingOutputs(config) };
    case 'sandbox':
    case 'streaming':
    case 'webhooks':
      return {};
  }
}

function takeJobs(mode: WorkerMode, deps: WorkerDeps): () => Promise<void> {
  switch (mode) {
    case 'bare': {
      const worker = runBareQueue(deps);
      return () => worker.close();
    }
    case 'holding': {
      const worker = runHoldingQueue(deps);
      return () => worker.close();
    }
    case 'webhooks': {
      const timeoutMs = Number(process.argv[3] ?? 15_000);
      const runner = runWebhookQueue(deps, { trustedHosts: ['127.0.0.1'], timeoutMs });
      return () => runner.close();
    }
    default: {
      const isVideo = mode === 'streaming' || mode === 'buffering';
      const runner = runQueue(isVideo ? generationQueues.video : generationQueues.image, deps);
      return () => runner.close({ isForced: false });
    }
  }
}

function runBareQueue({ config }: WorkerDeps): Worker {
  return new Worker(bareQueue, async () => {}, {
    connection: openWaitingRedis(config.REDIS_URL, () => {}),
    prefix: config.QUEUE_PREFIX,
    concurrency: config.WORKER_CONCURRENCY['*'] ?? 1,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
}
