import { ConfigError, loadConfig } from '@base/shared/config/load-config';
import { pendingMigrations } from '@base/shared/db/migrate/run-migrations';
import { createLogger } from '@base/shared/log/logger';
import { startMetricsServer } from '@base/shared/metrics/metrics-server';
import { generationQueues, webhookQueue } from '@base/shared/queue/queues';
import { runEmails } from '../email/run-emails.ts';
import { schedules } from '../registry.ts';
import { runWebhookQueue } from '../webhooks/run-webhook-queue.ts';
import { buildWorkerDeps } from './deps.ts';
import { reportSchedules } from './report-schedules.ts';
import { runQueue } from './run-queue.ts';
import { runSchedules } from './run-schedules.ts';
import { drainOnSignal } from './shutdown.ts';
import { watchCanaries } from './watch-canaries.ts';

// The entry of a worker process.
try {
  await startWorker();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function startWorker(): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, process: 'worker' });
  process.on('unhandledRejection', (err) => {
    log.fatal({ err }, 'unhandled rejection');
    process.exit(1);
  });
  const known = new Set<string>(Object.values(generationQueues));
  const others = new Set(['*', 'upkeep', 'email', webhookQueue]);
  const named = [...config.WORKER_QUEUES, ...Object.keys(config.WORKER_CONCURRENCY)];
  const unknown = named.filter((queue) => !others.has(queue) && !known.has(queue));
  if (unknown.length > 0) {
    throw new ConfigError(`WORKER_QUEUES or WORKER_CONCURRENCY names no queue of ours: ${unknown.join(', ')}`);
  }

  const deps = await buildWorkerDeps(config, log);
  const pending = await pendingMigrations(deps.pool);
  if (pending.length > 0)
    throw new ConfigError(`The database lacks migrations: ${pending.join(', ')}. Run \`npm run migrate\`.`);
  deps.leases.start();
  const runners = config.WORKER_QUEUES.filter((queue) => known.has(queue)).map((queue) => runQueue(queue, deps));
  const stopSchedules = config.WORKER_QUEUES.includes('upkeep') ? runSchedules(schedules, deps) : async () => {};
  const webhooks = config.WORKER_QUEUES.includes(webhookQueue) ? runWebhookQueue(deps) : null;
  const stopEmails = config.WORKER_QUEUES.includes('email') ? runEmails(deps) : async () => {};
  const stopReport = reportSchedules(deps);
  const canaries = watchCanaries(runners, deps, {
    everyMs: 20_000,
    toleratedMax: 6,
    onDeaf: (queue) => {
      log.fatal({ queue }, 'this worker takes nothing although there is work; it ends to be started anew');
      process.exit(1);
    },
  });
  const metricsServer = await startMetricsServer({
    metrics: deps.metrics,
    host: config.HOST,
    port: config.METRICS_PORT,
    isHealthy: () => canaries.isHealthy(),
  });
  log.info({ queues: config.WORKER_QUEUES, concurrency: config.WORKER_CONCURRENCY, name: deps.name }, 'worker started');

  drainOnSignal({
    log,
    seconds: config.SHUTDOWN_SECONDS,
    async drain() {
      stopReport();
      // What a step cannot finish by then goes to another worker.
      const handBack = setTimeout(() => deps.leases.handBackAll(), handBackAfterMs(config.SHUTDOWN_SECONDS));
      await canaries.stop();
      await stopSchedules();
      await Promise.all([
        ...runners.map((runner) => runner.close({ isForced: false })),
        webhooks?.close(),
        stopEmails(),
      ]);
      clearTimeout(handBack);
      deps.leases.stop();
      await metricsServer.close();
      await deps.close();
    },
  });
}

/** Leaves a few seconds of the time to drain for writing down where the jobs stand. */
function handBackAfterMs(shutdownSeconds: number): number {
  return Math.max(shutdownSeconds * 0.5, shutdownSeconds - 5) * 1000;
}
