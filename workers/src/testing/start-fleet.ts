import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { openRequestRedis } from '@base/shared/queue/connection';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { sandboxGatewayVariables, sandboxVariables } from '@base/shared/testing/sandbox-variables';
import { until } from '@base/shared/testing/until';
import pg from 'pg';
import { inject } from 'vitest';
import { type FleetProcess, startProcess } from './fleet-process.ts';

/** What the local stack lends; handed over by the tests, because only they may import it. */
export interface StackTools {
  systemVariables(): Record<string, string>;
  pickFreePorts(): Promise<{ api: number; redis: number }>;
  startRedis(options: {
    dataDir: string;
    distDir: string;
    port: number;
    isDurable: boolean;
    env: Record<string, string>;
    report(line: string): void;
  }): Promise<{ url: string; pid: number; stop(): Promise<void> }>;
}

export interface FleetOptions {
  tools: StackTools;
  apiNodes?: number;
  workers?: number;
  /** Settings of all nodes, over the short ones that tests use. */
  variables?: Record<string, string>;
}

/**
 * API nodes and workers as processes of their own, with their own database and Redis, so that they can be killed,
 * frozen and cut off. Sandbox and storage are the stack's; the provider keys are the fleet's own.
 */
export interface Fleet {
  pool: pg.Pool;
  redis: FleetRedis;
  apis: FleetProcess[];
  workers: FleetProcess[];
  /** `CRASH_AT` and its companions among the variables bring the process down there, see crash-at.ts. */
  startApi(variables?: Record<string, string>): Promise<FleetProcess>;
  startWorker(variables?: Record<string, string>): Promise<FleetProcess>;
  /** A file name for CRASH_MARKER. */
  newMarker(): string;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

export interface FleetRedis {
  url: string;
  flush(): Promise<void>;
  stop(): Promise<void>;
  /** On the same port, and empty. */
  start(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../../..');

/** @throws Error when a part does not start; nothing is left running then. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-fleet-')));
    closers.push(async () => rmSync(dir, { recursive: true, force: true }));
    const database = await createDatabase(closers);
    const redis = await startOwnRedis(dir, options.tools, closers);
    const fleet = buildFleet({ options, dir, database, redis, closers, close });
    await Promise.all([
      ...Array.from({ length: options.apiNodes ?? 1 }, () => fleet.startApi()),
      ...Array.from({ length: options.workers ?? 1 }, () => fleet.startWorker()),
    ]);
    return fleet;
  } catch (error) {
    await close().catch(() => {}); // The first failure is the one that counts.
    throw error;
  }
}

interface Parts {
  options: FleetOptions;
  dir: string;
  database: { url: string; pool: pg.Pool };
  redis: FleetRedis;
  closers: (() => Promise<unknown>)[];
  close(): Promise<void>;
}

function buildFleet({ options, dir, database, redis, closers, close }: Parts): Fleet {
  const common = { ...options.tools.systemVariables(), ...settings(database.url, redis.url), ...options.variables };
  const apis: FleetProcess[] = [];
  const workers: FleetProcess[] = [];
  const start = async (kind: 'api' | 'worker', port: number, variables: Record<string, string>) => {
    const list = kind === 'api' ? apis : workers;
    const name = `${kind}-${list.length + 1}-${randomUUID().slice(0, 4)}`;
    const url = kind === 'api' ? `http://127.0.0.1:${port}` : '';
    const started = await startProcess({
      name,
      script: kind === 'api' ? 'server/src/start/server.ts' : 'workers/src/start/worker.ts',
      env: { ...common, PORT: String(port), ...variables },
      logFile: path.join(dir, `${name}.log`),
      url,
      isReady: (process) => (kind === 'api' ? answers(url) : process.logged().includes('"worker started"')),
      mayEnd: variables.CRASH_AT !== undefined,
    });
    list.push(started);
    closers.push(() => started.kill());
    return started;
  };
  return {
    pool: database.pool,
    redis,
    apis,
    workers,
    startApi: async (variables = {}) => start('api', (await options.tools.pickFreePorts()).api, variables),
    startWorker: (variables = {}) => start('worker', 0, variables),
    newMarker: () => path.join(dir, `marker-${randomUUID()}`),
    close,
  };
}

function settings(databaseUrl: string, redisUrl: string): Record<string, string> {
  const stack = inject('stack');
  const key = `fleet-${randomUUID()}`;
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://api.test',
    METRICS_PORT: '0',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_MAX: '4',
    REDIS_URL: redisUrl,
    SUPABASE_URL: stack.supabase_url,
    SUPABASE_PUBLISHABLE_KEY: stack.supabase_publishable_key,
    SUPABASE_SECRET_KEY: stack.supabase_secret_key,
    SUPABASE_JWT_SECRET: stack.supabase_jwt_secret ?? '',
    URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
    MASTER_KEYS: testMasterKeys,
    ...sandboxVariables(stack.sandbox_url, () => key),
    ...sandboxGatewayVariables(stack.sandbox_url),
    WORKER_LEASE_SECONDS: '2',
    WORKER_ATTEMPTS_MAX: '20',
    POLL_INTERVAL_MS: '100',
    RECONCILE_SECONDS: '3',
    SHUTDOWN_SECONDS: '8',
  };
}

async function createDatabase(closers: (() => Promise<unknown>)[]): Promise<{ url: string; pool: pg.Pool }> {
  const stackUrl = inject('stack').database_url;
  const name = `fleet_${randomUUID().replaceAll('-', '')}`;
  const asOwner = async (sql: string) => {
    const client = new pg.Client({ connectionString: stackUrl });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await asOwner(`create database ${name} template template0`);
  closers.push(() => asOwner(`drop database ${name} with (force)`));
  const url = new URL(stackUrl);
  url.pathname = `/${name}`;
  await runMigrations({ databaseUrl: url.href });
  const pool = new pg.Pool({ connectionString: url.href, max: 4, application_name: 'fleet-test' });
  pool.on('error', () => {}); // Tests cut connections; the next query opens another one.
  closers.push(() => pool.end());
  return { url: url.href, pool };
}

async function startOwnRedis(dir: string, tools: StackTools, closers: (() => Promise<unknown>)[]): Promise<FleetRedis> {
  const { redis: port } = await tools.pickFreePorts();
  mkdirSync(path.join(dir, 'redis'));
  const start = () =>
    tools.startRedis({
      dataDir: dir,
      distDir: path.join(root, '.data/redis-dist'),
      port,
      isDurable: false,
      env: tools.systemVariables(),
      report: () => {},
    });
  let server = await start();
  closers.push(() => server.stop());
  return {
    url: server.url,
    async flush() {
      const redis = openRequestRedis(server.url, () => {});
      await until('Redis is connected', () => redis.status === 'ready');
      await redis.flushall();
      redis.disconnect();
    },
    stop: () => server.stop(),
    async start() {
      server = await start();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/api/health`).then(
    (response) => response.ok,
    () => false, // Not there yet.
  );
}
