import path from 'node:path';
import { localEnvironment, type StackEnvironment, systemVariables } from '@base/devstack/environment';
import { pickFreePorts } from '@base/devstack/ports';
import { removeDataDir } from '@base/devstack/remove-data-dir';
import { loadSecrets } from '@base/devstack/secrets';
import { type Stack, startStack } from '@base/devstack/stack';
import type { StackInfo } from '@base/devstack/stack-file';
import { appEnvironment } from '@base/devstack/stack-plan';
import { startChild } from '@base/devstack/start-child';
import { answersOk } from '@base/devstack/wait-until';
import { type Database, openDatabase } from '@base/shared/db/database';
import { openWaitingRedis } from '@base/shared/queue/connection';
import type { Redis } from 'ioredis';
import type { ApiMode, WorkerMode } from './process-modes.ts';

export interface BenchProcess {
  pid: number;
  url: string;
  stop(): Promise<void>;
}

/** Stores of the benchmark's own, durable as in production, and the processes that are measured on them. */
export interface BenchStack {
  info: StackInfo;
  dataDir: string;
  database: Database;
  redis: Redis;
  queuePrefix: string;
  pids: { postgres: number; redis: number };
  startApi(mode: ApiMode): Promise<BenchProcess>;
  startWorker(mode: WorkerMode, concurrency: number): Promise<BenchProcess>;
  /** Ends everything and removes the data; safe to call at any time, and more than once. */
  stop(): Promise<void>;
}

const stopMs = 30_000;

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

  async function startProcess(script: string, mode: string, more: Record<string, string>): Promise<BenchProcess> {
    const ports = await pickFreePorts();
    const url = `http://127.0.0.1:${ports.api}`;
    const readyUrl =
      script === 'api-process' ? `${url}/api/health/ready` : `http://127.0.0.1:${ports.apiMetrics}/health`;
    const child = await startChild({
      name: `${script} (${mode})`,
      script: path.join(import.meta.dirname, `${script}.ts`),
      args: [mode],
      env: {
        ...systemVariables(),
        ...shared,
        PORT: String(ports.api),
        METRICS_PORT: String(ports.apiMetrics),
        ...more,
      },
      logFile: path.join(dataDir, 'logs', `${script}-${mode}.log`),
      isReady: () => answersOk(readyUrl),
      timeoutMs: 30_000,
    });
    const running: BenchProcess = {
      pid: child.pid,
      url,
      async stop() {
        processes.delete(running);
        await child.stop(stopMs);
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
    startApi: (mode) => startProcess('api-process', mode, {}),
    startWorker: (mode, concurrency) =>
      startProcess('worker-process', mode, { WORKER_CONCURRENCY: String(concurrency) }),
    stop: once(() => stopAll({ stack, database, redis, processes, dataDir })),
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
