import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { buildApp } from '@base/server/app';
import { buildDeps } from '@base/server/build-deps';
import { buildBillingGateways } from '@base/server/features/billing/gateways/build-gateways';
import { type Config, envSchema } from '@base/shared/config/env-schema';
import { openDatabase } from '@base/shared/db/database';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import type { Clock } from '@base/shared/gateways/clock';
import { createLogger, type Logger } from '@base/shared/log/logger';
import { buildPaymentGateways } from '@base/workers/billing/build-gateways';
import type { PaymentContext, PaymentGateways } from '@base/workers/billing/gateway';
import type { Pool } from 'pg';
import { startSandbox, supabaseProcess } from '../chaos/start-parts.ts';
import { localEnvironment, systemVariables } from '../environment.ts';
import { pickFreePorts } from '../ports.ts';
import { startPostgres } from '../postgres.ts';
import { startRedis } from '../redis.ts';
import { loadSecrets } from '../secrets.ts';
import { appEnvironment, planStack } from '../stack-plan.ts';
import { runToEnd } from '../start-child.ts';

/** Stands still until it is moved. */
export interface MovedClock extends Clock {
  moveTo(ms: number): void;
  nowMs(): number;
}

/** Stores, gateways and an API node of their own, all on one clock that is moved by hand. */
export interface World {
  pool: Pool;
  clock: MovedClock;
  apiUrl: string;
  sandboxUrl: string;
  jwtSecret: string;
  /** As the workers that run in this process have it. */
  deps: PaymentContext & { paymentGateways: PaymentGateways };
  close(): Promise<void>;
}

export interface WorldOptions {
  /** A new directory that anybody may enter: Postgres may run as another user. */
  dataDir: string;
  signal: AbortSignal;
}

type Closer = () => Promise<unknown>;

const root = path.resolve(import.meta.dirname, '../../..');

/** @throws Error when a part does not start; nothing is left running then. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    return { ...(await startParts(options, closers)), close };
  } catch (error) {
    await close().catch(() => {}); // The first failure is the one that counts.
    throw error;
  }
}

async function startParts({ dataDir, signal }: WorldOptions, closers: Closer[]): Promise<Omit<World, 'close'>> {
  const secrets = await loadSecrets(dataDir);
  const ports = await pickFreePorts();
  const environment = { ...localEnvironment(), supabase: undefined, databaseUrl: undefined, redisUrl: undefined };
  const plan = { dataDir, environment, secrets };
  const info = planStack({ ...plan, ports });
  const postgres = await startPostgres({
    dataDir,
    port: ports.postgres,
    password: secrets.postgresPassword,
    isDurable: false,
  });
  closers.push(() => postgres.stop('immediate'));
  const distDir = path.join(root, '.data', 'redis-dist');
  const env = systemVariables();
  const redis = await startRedis({ dataDir, distDir, port: ports.redis, isDurable: false, env, report: () => {} });
  closers.push(() => redis.stop());
  const logDir = path.join(dataDir, 'logs');
  const sandbox = await startSandbox({ port: ports.sandbox, url: info.sandbox_url, logDir, signal });
  closers.push(() => sandbox.stop(3_000));
  const supabase = supabaseProcess({ dataDir, port: ports.supabase, info, secrets });
  const prepareLog = path.join(logDir, 'storage-prepare.log');
  await runToEnd({ ...supabase, name: 'Preparing Supabase', args: ['prepare'], logFile: prepareLog, signal });
  await runMigrations({ databaseUrl: info.database_url, log: () => {} });
  const variables = appEnvironment({ ...plan, info, nodeEnv: 'test', overrides: { LOG_LEVEL: 'silent' } });
  const config = envSchema.parse({ ...variables, PORT: '0', METRICS_PORT: '0', DATABASE_POOL_MAX: '8' });
  const clock = createMovedClock(Date.now());
  const log = createLogger({ level: config.LOG_LEVEL, process: 'simulation' });
  const { pool, close } = openDatabase({
    url: info.database_url,
    poolMax: 10,
    applicationName: 'simulation',
    onError: () => {},
  });
  closers.push(close);
  const apiUrl = await startApi(config, clock, { log, closers });
  const context = { pool, log, clock, graceDays: config.BILLING_GRACE_DAYS };
  return {
    pool,
    clock,
    apiUrl,
    sandboxUrl: info.sandbox_url,
    jwtSecret: secrets.jwtSecret,
    deps: { ...context, paymentGateways: buildPaymentGateways(config, context) },
  };
}

function createMovedClock(startMs: number): MovedClock {
  let ms = startMs;
  return {
    now: () => new Date(ms),
    nowMs: () => ms,
    moveTo(to) {
      ms = to;
    },
  };
}

/** An API node of this process, reached over HTTP like any other. */
async function startApi(
  config: Config,
  clock: Clock,
  { log, closers }: { log: Logger; closers: Closer[] },
): Promise<string> {
  const built = await buildDeps(config, log);
  closers.push(() => built.close());
  const server = createServer(buildApp({ ...built.deps, clock, billingGateways: buildBillingGateways(config, clock) }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    built.drain();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  return `http://127.0.0.1:${port}`;
}
