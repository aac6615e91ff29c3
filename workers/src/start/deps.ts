import { hostname } from 'node:os';
import type { Config } from '@base/shared/config/env-schema';
import { createSecretBox, type SecretBox } from '@base/shared/crypto/secret-box';
import { openDatabase } from '@base/shared/db/database';
import { type Clock, systemClock } from '@base/shared/gateways/clock';
import type { Logger } from '@base/shared/log/logger';
import { createMetrics, type Metrics } from '@base/shared/metrics/metrics';
import { openRequestRedis, openWaitingRedis } from '@base/shared/queue/connection';
import { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import { type Notice, sendNotices } from '@base/shared/queue/notices';
import { openTextWriter, readWholeText } from '@base/shared/queue/text-stream';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { buildPaymentGateways } from '../billing/build-gateways.ts';
import type { PaymentGateways } from '../billing/gateway.ts';
import { createJobEnding, type JobEnding } from '../generation/end-job.ts';
import { createJobStore } from '../generation/job-store.ts';
import { LeaseKeeper } from '../generation/lease-keeper.ts';
import { observeProviders } from '../generation/observe-providers.ts';
import { connectProvider, refuseOwnKey } from '../generation/own-keys.ts';
import { createProviderHealth } from '../generation/provider-health.ts';
import type { RunDeps } from '../generation/run-generation.ts';
import { createOutputStore, type OutputStore } from '../outputs/store-output.ts';
import { buildProviders, type Providers } from '../providers/registry.ts';

/** Everything that the worker's jobs use, built once per process. */
export interface WorkerDeps {
  config: Config;
  log: Logger;
  metrics: Metrics;
  pool: Pool;
  /** Fails fast; for what may be lost. */
  redis: Redis;
  /** Waits for Redis; for taking work. */
  queueRedis: Redis;
  enqueuer: JobEnqueuer;
  adapters: Providers;
  secretBox: SecretBox;
  leases: LeaseKeeper;
  ending: JobEnding;
  run: RunDeps;
  paymentGateways: PaymentGateways;
  /** For billing. */
  clock: Clock;
  /** Name of this process in rows and logs. */
  name: string;
  close(): Promise<void>;
}

/** What a benchmark or a test may put in the place of the real thing. */
export interface WorkerParts {
  providers?: Providers;
  outputs?: OutputStore;
}

export async function buildWorkerDeps(config: Config, log: Logger, parts: WorkerParts = {}): Promise<WorkerDeps> {
  const metrics = createMetrics({ process: 'worker' });
  const name = `${hostname()}-${process.pid}`;
  const database = openDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    applicationName: 'base-worker',
    onError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  const { pool } = database;
  const onRedisError = (err: Error): void => log.debug({ err }, 'Redis');
  const redis = openRequestRedis(config.REDIS_URL, onRedisError);
  const queueRedis = openWaitingRedis(config.REDIS_URL, onRedisError);
  const enqueuer = new JobEnqueuer({ redis, prefix: config.QUEUE_PREFIX, onError: onRedisError });
  const notify = (notices: { organizationId: string; notice: Notice }[]): void =>
    sendNotices(redis, config.QUEUE_PREFIX, notices);

  const adapters = observeProviders(parts.providers ?? buildProviders(config), metrics);
  const secretBox = createSecretBox(config.MASTER_KEYS);
  const outputs = parts.outputs ?? createOutputStore(config);
  await outputs.ensureBucket().catch((err: unknown) => log.warn({ err }, 'the storage bucket could not be checked'));
  const store = createJobStore({ pool, worker: name, leaseSeconds: config.WORKER_LEASE_SECONDS });
  const leases = new LeaseKeeper({ pool, leaseSeconds: config.WORKER_LEASE_SECONDS, log });
  const ending = createJobEnding({ store, outputs, enqueuer, metrics, notify });
  const run: RunDeps = {
    store,
    ending,
    leases,
    log,
    notify,
    health: createProviderHealth(redis, config.QUEUE_PREFIX, metrics),
    connect: (provider, job, jobLog) => connectProvider(adapters, secretBox, provider, job, jobLog),
    refuseOwnKey: (job) => refuseOwnKey(pool, job),
    openText: (job) => {
      const attempt = job.attempts_made.length + 1;
      return openTextWriter(redis, config.QUEUE_PREFIX, {
        organizationId: job.organization_id,
        jobId: job.id,
        attempt,
      });
    },
    async deliveredText(job) {
      const delivered = await readWholeText(redis, config.QUEUE_PREFIX, job.id).catch(() => null);
      return delivered?.isComplete ? delivered.text : '';
    },
    attemptsMax: config.WORKER_ATTEMPTS_MAX,
    pollIntervalMs: config.POLL_INTERVAL_MS,
    reconcileSeconds: config.RECONCILE_SECONDS,
  };
  return {
    config,
    log,
    metrics,
    pool,
    redis,
    queueRedis,
    enqueuer,
    adapters,
    secretBox,
    leases,
    ending,
    run,
    paymentGateways: buildPaymentGateways(config, {
      pool,
      log,
      clock: systemClock,
      graceDays: config.BILLING_GRACE_DAYS,
    }),
    clock: systemClock,
    name,
    async close() {
      await enqueuer.close();
      redis.disconnect();
      queueRedis.disconnect();
      await database.close();
    },
  };
}
