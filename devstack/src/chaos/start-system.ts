import path from 'node:path';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { localEnvironment, systemVariables } from '../environment.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import { appEnvironment, planStack } from '../stack-plan.ts';
import { runToEnd } from '../start-child.ts';
import { waitUntil } from '../wait-until.ts';
import { type Link, links } from './plan-faults.ts';
import { startProxy, type TcpProxy } from './proxy.ts';
import {
  type KeptPostgres,
  type KeptRedis,
  keepPostgres,
  keepRedis,
  pickPorts,
  root,
  type SystemPorts,
  startMaxMs,
  startSandbox,
  supabaseProcess,
} from './start-parts.ts';
import { type Supervised, type SuperviseOptions, supervise } from './supervise.ts';

// Real processes, and a proxy in front of whatever is reached over the network:
//
//   customers, callbacks ─▶ front ─▶ api-1, api-2 ─┐    ┌▶ to-postgres ─▶ Postgres
//                                                  ├────┼▶ to-redis ────▶ Redis
//                              worker-1, worker-2 ─┘    ├▶ to-storage ──▶ Supabase's stand-in
//                                                       └▶ to-sandbox ──▶ sandbox
//
// The suite itself looks at Postgres and at the sandbox's book directly.

export interface System {
  /** The API as the world reaches it. */
  apiUrl: string;
  databaseUrl: string;
  sandboxUrl: string;
  secrets: Secrets;
  /** What API nodes and workers run with. */
  environment: Record<string, string>;
  logDir: string;
  /** API nodes, workers and the storage, by name. */
  processes: Map<string, Supervised>;
  proxies: Map<Link, TcpProxy>;
  postgres: KeptPostgres;
  redis: KeptRedis;
  signalSandbox(signal: NodeJS.Signals): void;
  /** @throws Error when a process does not answer in time */
  untilReady(timeoutMs: number): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

export interface SystemOptions {
  dataDir: string;
  onMisconduct(what: string): void;
  signal: AbortSignal;
}

type Closer = () => Promise<unknown>;

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

async function startParts(options: SystemOptions, closers: Closer[]): Promise<Omit<System, 'close'>> {
  const { dataDir, signal } = options;
  const secrets = await loadSecrets(dataDir);
  const ports = await pickPorts();
  const plan = { dataDir, environment: localEnvironment(), secrets };
  const direct = planStack({ ...plan, ports: ports.direct });
  const proxied = planStack({ ...plan, ports: ports.proxied });
  const logDir = path.join(dataDir, 'logs');

  const password = secrets.postgresPassword;
  const postgres = await keepPostgres({ dataDir, port: ports.direct.postgres, password });
  closers.push(() => postgres.stop());
  const redis = await keepRedis({ dataDir, port: ports.direct.redis });
  closers.push(() => redis.stop());
  const sandbox = await startSandbox({ port: ports.direct.sandbox, url: direct.sandbox_url, logDir, signal });
  closers.push(() => sandbox.stop(3_000));
  const supabase = supabaseProcess({ dataDir, port: ports.direct.supabase, info: direct, secrets });
  const prepareLog = path.join(logDir, 'storage-prepare.log');
  await runToEnd({ ...supabase, name: 'Preparing Supabase', args: ['prepare'], logFile: prepareLog, signal });
  await runMigrations({ databaseUrl: direct.database_url, log: () => {} });

  const proxies = await startProxies(ports, closers);
  const environment = appEnvironment({ ...plan, info: proxied, nodeEnv: 'test', overrides: shortTimes });
  const processes = new Map<string, Supervised>();
  const add = (part: Omit<SuperviseOptions, 'logDir' | 'onMisconduct'>, onMisconduct = options.onMisconduct): void => {
    const started = supervise({ ...part, logDir, onMisconduct });
    processes.set(part.name, started);
  };
  closers.push(() => Promise.all([...processes.values()].map((process) => process.stop())));
  // A stand-in may fall with Postgres: what is judged here is how the product takes it.
  add({ ...supabase, name: 'storage', args: ['serve'], readyUrl: `${direct.supabase_url}/_health` }, () => {});
  for (const node of ports.nodes) add(describeNode(node, environment));
  const untilReady = async (timeoutMs: number): Promise<void> => {
    for (const { name, isReady } of processes.values()) {
      await waitUntil(isReady, { what: `${name} did not answer`, timeoutMs, intervalMs: 100, signal });
    }
  };
  await untilReady(startMaxMs);
  return {
    apiUrl: proxied.api_url,
    databaseUrl: direct.database_url,
    sandboxUrl: direct.sandbox_url,
    secrets,
    environment,
    logDir,
    processes,
    proxies,
    postgres,
    redis,
    signalSandbox: (sent) => void process.kill(sandbox.pid, sent),
    untilReady,
  };
}

async function startProxies(ports: SystemPorts, closers: Closer[]): Promise<Map<Link, TcpProxy>> {
  const { direct, proxied } = ports;
  const apis = ports.nodes.map(({ port }) => port).filter((port) => port !== 0);
  const ends: Record<Link, { port: number; targets: number[] }> = {
    'to-postgres': { port: proxied.postgres, targets: [direct.postgres] },
    'to-redis': { port: proxied.redis, targets: [direct.redis] },
    'to-sandbox': { port: proxied.sandbox, targets: [direct.sandbox] },
    'to-storage': { port: proxied.supabase, targets: [direct.supabase] },
    front: { port: proxied.api, targets: apis },
  };
  const proxies = new Map<Link, TcpProxy>();
  for (const link of links) {
    const proxy = await startProxy(ends[link]);
    closers.push(() => proxy.close());
    proxies.set(link, proxy);
  }
  return proxies;
}

function describeNode({ name, port, metricsPort }: SystemPorts['nodes'][number], environment: System['environment']) {
  const isApi = port !== 0;
  return {
    name,
    script: path.join(root, isApi ? 'server/src/start/server.ts' : 'workers/src/start/worker.ts'),
    env: { ...systemVariables(), ...environment, PORT: String(port), METRICS_PORT: String(metricsPort) },
    readyUrl: isApi ? `http://127.0.0.1:${port}/api/health` : `http://127.0.0.1:${metricsPort}/health`,
  };
}
