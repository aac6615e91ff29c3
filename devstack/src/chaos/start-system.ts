import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { localEnvironment, supabaseServerVariable, systemVariables } from '../environment.ts';
import { isFree } from '../ports.ts';
import { type RunningPostgres, startPostgres } from '../postgres.ts';
import { type RunningRedis, startRedis } from '../redis.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import type { StackInfo } from '../stack-file.ts';
import { appEnvironment, planStack } from '../stack-plan.ts';
import { type ChildPart, runToEnd, startChild } from '../start-child.ts';
import type { SupabaseOptions } from '../supabase.ts';
import { answersOk, waitUntil } from '../wait-until.ts';
import type { Link } from './plan-faults.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { type Supervised, supervise } from './supervise.ts';

// Real processes, and a proxy in front of each that others connect to:
//
//   customers, callbacks ─▶ front ─▶ api-1, api-2 ─┐          ┌▶ to-postgres ─▶ Postgres
//                                                  ├──────────┼▶ to-redis ────▶ Redis
//                              worker-1, worker-2 ─┘          ├▶ to-storage ──▶ Supabase's stand-in
//                                                             └▶ to-sandbox ──▶ sandbox
//
// The suite itself looks at Postgres and the sandbox's book directly.

export interface System {
  /** The API as the world reaches it. */
  apiUrl: string;
  /** Direct. */
  databaseUrl: string;
  /** Direct. */
  sandboxUrl: string;
  secrets: Secrets;
  /** Of the platform, by provider: the values of the variables that hold them. */
  platformKeys: string[];
  logDir: string;
  /** API nodes, workers and the storage, by name. */
  processes: Map<string, Supervised>;
  proxies: Map<Link, Proxy>;
  restartPostgres(mode: 'fast' | 'immediate'): Promise<void>;
  redis: { flushAll(): Promise<void>; restart(downMs: number): Promise<void>; signal(signal: NodeJS.Signals): void };
  signalSandbox(signal: NodeJS.Signals): void;
  /** Waits until every process answers. @throws Error when one does not in time */
  untilReady(timeoutMs: number): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

export interface SystemOptions {
  dataDir: string;
  report(line: string): void;
  onMisconduct(what: string): void;
  signal: AbortSignal;
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const startMaxMs = 60_000;

/** Short times, so that a run of minutes sees what production sees in days. */
const shortTimes = {
  WORKER_LEASE_SECONDS: '3',
  WORKER_ATTEMPTS_MAX: '50',
  POLL_INTERVAL_MS: '150',
  RECONCILE_SECONDS: '5',
  SHUTDOWN_SECONDS: '8',
};

/** @throws Error when a part does not start; nothing is left running then. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await startParts(options, closers, close);
  } catch (error) {
    await close().catch(() => {}); // The first failure is the one that counts.
    throw error;
  }
}

type Closers = (() => Promise<unknown>)[];

async function startParts(options: SystemOptions, closers: Closers, close: () => Promise<void>): Promise<System> {
  const { dataDir, report, signal } = options;
  const secrets = await loadSecrets(dataDir);
  const ports = await pickPorts();
  const direct = planStack({ dataDir, ports: ports.direct, environment: localEnvironment(), secrets });
  const proxied = planStack({ dataDir, ports: ports.proxied, environment: localEnvironment(), secrets });
  const logDir = path.join(dataDir, 'logs');

  const postgres = await keepPostgres(options, ports.direct.postgres, secrets, closers);
  const redis = await keepRedis(options, ports.direct.redis, closers);
  const sandbox = await startSandbox(options, direct, ports.direct.sandbox);
  closers.push(() => sandbox.stop(3_000));
  report('Postgres, Redis and the sandbox are up');
  const supabase = supabaseChild(options, direct, secrets, ports.direct.supabase);
  await runToEnd({ ...supabase, name: 'Preparing Supabase', args: ['prepare'], logFile: `${logDir}/prepare.log`, signal });
  await runMigrations({ databaseUrl: direct.database_url, log: () => {} });

  const targets: Record<Link, { port: number; targets: number[] }> = {
    'to-postgres': { port: ports.proxied.postgres, targets: [ports.direct.postgres] },
    'to-redis': { port: ports.proxied.redis, targets: [ports.direct.redis] },
    'to-sandbox': { port: ports.proxied.sandbox, targets: [ports.direct.sandbox] },
    'to-storage': { port: ports.proxied.supabase, targets: [ports.direct.supabase] },
    front: { port: ports.proxied.api, targets: ports.nodes.slice(0, 2).map(({ port }) => port) },
  };
  const proxies = new Map<Link, Proxy>();
  for (const [link, target] of Object.entries(targets)) {
    const proxy = await startProxy(target);
    closers.push(() => proxy.close());
    proxies.set(link as Link, proxy); // the keys of the record above
  }

  const environment = localEnvironment();
  const env = appEnvironment({ info: proxied, environment, secrets, nodeEnv: 'test', overrides: shortTimes });
  const processes = new Map<string, Supervised>();
  const { onMisconduct } = options;
  const add = (started: Supervised): void => {
    processes.set(started.name, started);
    closers.push(() => started.stop());
  };
  const readyUrl = `${direct.supabase_url}/_health`;
  add(supervise({ ...supabase, name: 'storage', args: ['serve'], logDir, readyUrl, onMisconduct }));
  for (const { name, port, metricsPort } of ports.nodes) {
    const script = path.join(root, port === 0 ? 'workers/src/start/worker.ts' : 'server/src/start/server.ts');
    const readyUrl = port === 0 ? `http://127.0.0.1:${metricsPort}/health` : `http://127.0.0.1:${port}/api/health`;
    const own = { PORT: String(port), METRICS_PORT: String(metricsPort) };
    add(supervise({ name, script, env: { ...systemVariables(), ...env, ...own }, logDir, readyUrl, onMisconduct }));
  }
  const untilReady = async (timeoutMs: number): Promise<void> => {
    for (const { name, isReady } of processes.values()) {
      await waitUntil(isReady, { what: `${name} did not answer`, timeoutMs, intervalMs: 100, signal });
    }
  };
  await untilReady(startMaxMs);
  report('two API nodes and two workers are up');
  return {
    apiUrl: proxied.api_url,
    databaseUrl: direct.database_url,
    sandboxUrl: direct.sandbox_url,
    secrets,
    platformKeys: Object.entries(env).flatMap(([name, value]) => (/_API_(KEY|TOKEN)$/.test(name) ? [value] : [])),
    logDir,
    processes,
    proxies,
    restartPostgres: postgres.restart,
    redis,
    signalSandbox: (sent) => void process.kill(sandbox.pid, sent),
    untilReady,
    close,
  };
}

/** Postgres waits for the disk, as in production: what it has confirmed must be there after a crash. */
async function keepPostgres({ dataDir }: SystemOptions, port: number, secrets: Secrets, closers: Closers) {
  const start = () => startPostgres({ dataDir, port, password: secrets.postgresPassword, isDurable: true });
  let server: RunningPostgres = await start();
  closers.push(() => server.stop('immediate'));
  return {
    async restart(mode: 'fast' | 'immediate') {
      await server.stop(mode);
      server = await start();
    },
  };
}

/** Redis keeps nothing on disk: each restart is empty. */
async function keepRedis({ dataDir, report }: SystemOptions, port: number, closers: Closers): Promise<System['redis']> {
  const distDir = path.join(root, '.data', 'redis-dist');
  const start = () => startRedis({ dataDir, distDir, port, isDurable: false, env: systemVariables(), report });
  let server: RunningRedis = await start();
  closers.push(() => server.stop());
  if (server.pid === 0) throw new Error('The fault suite needs a Redis that it can freeze, not one in a container.');
  return {
    flushAll: () => sendToRedis(port, 'FLUSHALL'),
    async restart(downMs) {
      process.kill(server.pid, 'SIGKILL');
      await waitUntil(() => isFree(port), { what: 'Redis did not end', timeoutMs: 10_000 });
      await pause(downMs);
      server = await start();
    },
    signal: (sent) => void process.kill(server.pid, sent),
  };
}

function startSandbox(options: SystemOptions, direct: StackInfo, port: number): Promise<ChildPart> {
  return startChild({
    name: 'sandbox',
    script: path.join(root, 'sandbox/src/start.ts'),
    env: { ...systemVariables(), SANDBOX_PORT: String(port) },
    logFile: path.join(options.dataDir, 'logs', 'sandbox.log'),
    isReady: () => answersOk(`${direct.sandbox_url}/_sandbox/health`),
    timeoutMs: startMaxMs,
    signal: options.signal,
  });
}

function supabaseChild({ dataDir }: SystemOptions, direct: StackInfo, secrets: Secrets, port: number) {
  const settings: SupabaseOptions = {
    databaseUrl: direct.database_url,
    jwtSecret: secrets.jwtSecret,
    publishableKey: secrets.supabasePublishableKey,
    secretKey: secrets.supabaseSecretKey,
    storageDir: path.join(dataDir, 'storage'),
    port,
    siteUrl: 'http://127.0.0.1:3000',
  };
  return {
    script: path.join(root, 'devstack/src/supabase-server.ts'),
    env: { ...systemVariables(), [supabaseServerVariable]: JSON.stringify(settings) },
  };
}
