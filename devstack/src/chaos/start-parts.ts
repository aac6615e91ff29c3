import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { supabaseServerVariable, systemVariables } from '../environment.ts';
import { isAlive } from '../is-alive.ts';
import { isFree, type Ports } from '../ports.ts';
import { type RunningPostgres, startPostgres } from '../postgres.ts';
import { type RunningRedis, startRedis } from '../redis.ts';
import type { Secrets } from '../secrets.ts';
import type { StackInfo } from '../stack-file.ts';
import { type ChildPart, startChild } from '../start-child.ts';
import type { SupabaseOptions } from '../supabase.ts';
import { answersOk, waitUntil } from '../wait-until.ts';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const startMaxMs = 60_000;

export interface KeptPostgres {
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  stop(): Promise<void>;
}

/** Postgres waits for the disk, as in production: what it has confirmed must be there after a crash. */
export async function keepPostgres(options: {
  dataDir: string;
  port: number;
  password: string;
}): Promise<KeptPostgres> {
  const start = () => startPostgres({ ...options, isDurable: true });
  let server: RunningPostgres = await start();
  return {
    async restart(mode) {
      await server.stop(mode);
      server = await start();
    },
    stop: () => server.stop('immediate'),
  };
}

export interface KeptRedis {
  flushAll(): Promise<void>;
  /** Kills it and starts it again, empty, after this time. */
  restart(downMs: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Keeps nothing on disk. @throws Error where Redis runs in a container and so cannot be frozen */
export async function keepRedis({ dataDir, port }: { dataDir: string; port: number }): Promise<KeptRedis> {
  const distDir = path.join(root, '.data', 'redis-dist');
  const start = () =>
    startRedis({ dataDir, distDir, port, isDurable: false, env: systemVariables(), report: () => {} });
  let server: RunningRedis = await start();
  if (server.pid === 0) {
    await server.stop();
    throw new Error('The fault suite needs redis-server or valkey-server as a process, not in a container.');
  }
  return {
    flushAll: () => flushAll(port),
    async restart(downMs) {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await waitUntil(async () => !isAlive(pid), { what: 'Redis did not end', timeoutMs: 10_000 });
      await pause(downMs);
      server = await start();
    },
    signal: (signal) => void process.kill(server.pid, signal),
    stop: () => server.stop(),
  };
}

async function flushAll(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('FLUSHALL\r\n');
    await once(socket, 'data');
  } finally {
    socket.destroy();
  }
}

export function startSandbox(options: {
  port: number;
  url: string;
  logDir: string;
  signal: AbortSignal;
}): Promise<ChildPart> {
  return startChild({
    name: 'sandbox',
    script: path.join(root, 'sandbox/src/start.ts'),
    env: { ...systemVariables(), SANDBOX_PORT: String(options.port) },
    logFile: path.join(options.logDir, 'sandbox.log'),
    isReady: () => answersOk(`${options.url}/_sandbox/health`),
    timeoutMs: startMaxMs,
    signal: options.signal,
  });
}

/** The script and environment of Supabase's stand-in. */
export function supabaseProcess(options: { dataDir: string; port: number; info: StackInfo; secrets: Secrets }) {
  const { dataDir, port, info, secrets } = options;
  const settings: SupabaseOptions = {
    databaseUrl: info.database_url,
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

export interface SystemPorts {
  /** Of the parts themselves. */
  direct: Ports;
  /** Of the proxies in front of them. */
  proxied: Ports;
  nodes: { name: string; port: number; metricsPort: number }[];
}

/** Ports that nobody listens on now; below 30000, where the kernel takes none for outgoing connections. */
export async function pickPorts(): Promise<SystemPorts> {
  const taken = new Set<number>();
  const pick = async (): Promise<number> => {
    for (;;) {
      const port = 20_000 + Math.floor(Math.random() * 10_000);
      if (taken.has(port) || !(await isFree(port))) continue;
      taken.add(port);
      return port;
    }
  };
  const pickAll = async (): Promise<Ports> => ({
    api: await pick(),
    apiMetrics: 0,
    workerMetrics: 0,
    supabase: await pick(),
    sandbox: await pick(),
    postgres: await pick(),
    redis: await pick(),
  });
  return {
    direct: await pickAll(),
    proxied: await pickAll(),
    nodes: [
      { name: 'api-1', port: await pick(), metricsPort: await pick() },
      { name: 'api-2', port: await pick(), metricsPort: await pick() },
      { name: 'worker-1', port: 0, metricsPort: await pick() },
      { name: 'worker-2', port: 0, metricsPort: await pick() },
    ],
  };
}
