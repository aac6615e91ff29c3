import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { localEnvironment, type StackEnvironment, systemVariables } from '@base/devstack/environment';
import { pickFreePorts } from '@base/devstack/ports';
import { removeDataDir } from '@base/devstack/remove-data-dir';
import { loadSecrets } from '@base/devstack/secrets';
import { type Stack, startStack } from '@base/devstack/stack';
import type { StackInfo } from '@base/devstack/stack-file';
import { appEnvironment } from '@base/devstack/stack-plan';
import { startChild } from '@base/devstack/start-child';
import { answersOk, waitUntil } from '@base/devstack/wait-until';
import { type Database, openDatabase } from '@base/shared/db/database';
import { openWaitingRedis } from '@base/shared/queue/connection';
import type { Redis } from 'ioredis';
import type { ApiMode, WorkerMode } from './process-modes.ts';

export interface BenchProcess {
  pid: number;
  url: string;
  metricsUrl: string;
  stop(): Promise<void>;
  /** Ends it as a power cut would, and waits. */
  kill(): Promise<void>;
}

export interface WorkerOptions {
  /** Slots of each queue. */
  concurrency: number;
  /** The most that its JavaScript heap may take. */
  heapMb?: number;
  /** Settings that differ from those of the other processes. */
  variables?: Record<string, string>;
  /** What follows the mode on the command line. */
  args?: string[];
}

/** Stores of the benchmark's own, durable as in production, and the processes that are measured on them. */
export interface BenchStack {
  info: StackInfo;
  dataDir: string;
  database: Database;
  redis: Redis;
  queuePrefix: string;
  pids: { postgres: number; redis: number };
  /** The one that is called `batched` has the address that providers call back at. */
  startApi(mode: ApiMode): Promise<BenchProcess>;
  startWorker(mode: WorkerMode, options: WorkerOptions): Promise<BenchProcess>;
  /** A worker as in production: all queues, all schedules. */
  startWholeWorker(options: WorkerOptions): Promise<BenchProcess>;
  /** Ends everything and removes the data; safe to call at any time, and more than once. */
  stop(): Promise<void>;
}

interface ProcessOptions {
  name: string;
  script: string;
  args: string[];
  /** Any free one when it is not given. */
  port?: number;
  variables: Record<string, string>;
}

const stopMs = 30_000;
const apiScript = path.join(import.meta.dirname, 'api-process.ts');

/** @throws Error when a part does not start; nothing is left running then. */
export async function startBenchStack(dataDir: string, say: (line: string) => void): Promise<BenchStack> {
  const environment = localEnvironment();
  const stack = await startStores(dataDir, environment, say);
  const { info } = stack;
  const shared = appEnvironment({
    info,
    environment,
    secrets: await loadSecrets(dataDir),
    nodeEnv: 'development',
    // Production checks no answers against their declared form, and logs a line for each request and step.
    overrides: { NODE_ENV: 'production', LOG_LEVEL: 'info', DATABASE_POOL_MAX: '8' },
  });
  const database = openDatabase({
    url: info.database_url,
    poolMax: 8,
    applicationName: 'base-bench',
    onError: (error) => say(`an idle database connection broke: ${error.message}`),
  });
  const redis = openWaitingRedis(info.redis_url, (error) => say(`Redis: ${error.message}`));
  const processes = new Set<BenchProcess>();
  // Large outputs pass through here, and what a killed worker leaves goes with the rest.
  const temporary = path.join(dataDir, 'tmp');
  await mkdir(temporary, { recursive: true });

  async function startProcess({ name, script, args, port, variables }: ProcessOptions): Promise<BenchProcess> {
    const ports = await pickFreePorts();
    const url = `http://127.0.0.1:${port ?? ports.api}`;
    const metricsUrl = `http://127.0.0.1:${ports.apiMetrics}`;
    const child = await startChild({
      name,
      script,
      args,
      env: {
        ...systemVariables(),
        ...shared,
        PORT: new URL(url).port,
        METRICS_PORT: String(ports.apiMetrics),
        TMPDIR: temporary,
        ...variables,
      },
      logFile: path.join(dataDir, 'logs', `${name}.log`),
      isReady: () => answersOk(script === apiScript ? `${url}/api/health/ready` : `${metricsUrl}/health`),
      timeoutMs: 30_000,
    });
    const running: BenchProcess = {
      pid: child.pid,
      url,
      metricsUrl,
      async stop() {
        processes.delete(running);
        await child.stop(stopMs);
      },
      async kill() {
        processes.delete(running);
        process.kill(child.pid, 'SIGKILL');
        await waitUntil(async () => child.hasEnded(), { what: `${name} did not end`, timeoutMs: stopMs });
      },
    };
    processes.add(running);
    return running;
  }

  return {
    info,
    dataDir,
    database,
    redis,
    queuePrefix: shared.QUEUE_PREFIX ?? '',
    pids: { postgres: info.pids.postgres ?? 0, redis: info.pids.redis ?? 0 },
    startApi: (mode) =>
      startProcess({
        name: `api-${mode}`,
        script: apiScript,
        args: [mode],
        ...(mode === 'batched' && { port: Number(new URL(info.api_url).port) }),
        variables: {},
      }),
    startWorker: (mode, options) =>
      startProcess({
        name: `worker-${mode}`,
        script: path.join(import.meta.dirname, 'worker-process.ts'),
        args: [mode, ...(options.args ?? [])],
        variables: workerVariables(options),
      }),
    startWholeWorker: (options) =>
      startProcess({
        name: 'worker-whole',
        script: path.join(import.meta.dirname, '../../workers/src/start/worker.ts'),
        args: [],
        variables: workerVariables(options),
      }),
    stop: once(() => stopAll({ stack, database, redis, processes, dataDir })),
  };
}

function workerVariables({ concurrency, heapMb, variables }: WorkerOptions): Record<string, string> {
  return {
    WORKER_CONCURRENCY: String(concurrency),
    ...(heapMb !== undefined && { NODE_OPTIONS: `--max-old-space-size=${heapMb}` }),
    ...variables,
  };
}

async function startStores(
  dataDir: string,
  environment: StackEnvironment,
  say: (line: string) => void,
): Promise<Stack> {
  try {
    return await startStack({
      dataDir,
      ports: await pickFreePorts(),
      environment,
      nodeEnv: 'development',
      isDurable: true,
      parts: ['postgres', 'redis', 'sandbox', 'supabase', 'migrations'],
      variables: { SANDBOX_LATENCY_MS: '0', SANDBOX_PICTURES: 'tiny' },
      report: (step, durationMs) => say(durationMs === undefined ? step : `${step}: ${durationMs} ms`),
      onPartLost: (part, log) => say(`${part} ended although it was needed. The end of its log:\n${log}`),
    });
  } catch (error) {
    await removeDataDir(dataDir);
    throw error;
  }
}

async function stopAll(all: {
  stack: Stack;
  database: Database;
  redis: Redis;
  processes: ReadonlySet<BenchProcess>;
  dataDir: string;
}): Promise<void> {
  try {
    await Promise.all([...all.processes].map((running) => running.stop()));
    all.redis.disconnect();
    await all.database.pool.end();
  } finally {
    await all.stack.stop().finally(() => removeDataDir(all.dataDir));
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= run();
    return result;
  };
}
