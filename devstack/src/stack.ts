import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { asaasSandboxToken, stripeSandboxSecret } from '@base/shared/testing/sandbox-variables';
import { type StackEnvironment, supabaseServerVariable, systemVariables } from './environment.ts';
import { isAlive } from './is-alive.ts';
import { assertPortsFree, type Ports } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import {
  claimDataDir,
  type DemoAccount,
  forgetKilledStack,
  removeStackFile,
  type StackInfo,
  writeStackFile,
} from './stack-file.ts';
import { appEnvironment, isStripeReal, planStack } from './stack-plan.ts';
import { type ChildOptions, lastLines, runToEnd, startChild } from './start-child.ts';
import type { SupabaseOptions } from './supabase.ts';
import { answersOk } from './wait-until.ts';

// The order of the parts, and why:
//
//   Postgres, Redis, sandbox   need nothing, start together
//   Supabase: prepare          makes roles, auth and storage, which the migrations refer to
//   migrations                 before Supabase serves: its API reads the schema once
//   Supabase: serve
//   API, worker                need all of it, start together
//
// Stopping goes the other way round. API and worker drain first, while everything they need is still there. When this
// process is killed, parts that run Node see it and end (die-with-parent); Postgres and Redis stay and are taken over
// by the next start on the same data directory.

export type Part = 'postgres' | 'redis' | 'sandbox' | 'supabase' | 'migrations' | 'api' | 'worker';
const allParts: Part[] = ['postgres', 'redis', 'sandbox', 'supabase', 'migrations', 'api', 'worker'];

export interface StackOptions {
  dataDir: string;
  ports: Ports;
  environment: StackEnvironment;
  nodeEnv: 'development' | 'test';
  /** False for throw-away data: nothing waits for the disk. */
  isDurable: boolean;
  /** All of them when not given. A part that the environment replaces is never started. */
  parts?: Part[];
  /** Variables for API and worker that win over everything else. */
  variables?: Record<string, string>;
  /** Is told each finished step with its time. */
  report(step: string, durationMs?: number): void;
  /** Is told once when a part ends although nobody asked it to. */
  onPartLost?(part: string, lastLogLines: string): void;
  signal?: AbortSignal;
}

export interface Stack {
  info: StackInfo;
  /** Adds the demo account to the info and writes `stack.json`. */
  publish(demo: DemoAccount | null): Promise<void>;
  /** Drains and stops everything, in order. */
  stop(): Promise<void>;
  /** Stops everything at once, without waiting for work in progress. */
  kill(): Promise<void>;
}

interface RunningPart {
  name: Part;
  pid: number;
  /** A part of a later layer stops earlier. */
  layer: number;
  logFile: string;
  stop(graceMs: number): Promise<void>;
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const scriptOf = (file: string) => path.join(root, file);
const startMaxMs = 60_000;
/** API and worker get longer than the 25 s they allow themselves for draining. */
const drainMaxMs = 35_000;

/**
 * Brings up the local stack and waits until every part answers.
 * @throws Error with the reason and the end of the part's log; whatever was started is stopped then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const release = await claimDataDir(options.dataDir);
  const running: RunningPart[] = [];
  try {
    await forgetKilledStack(options.dataDir);
    const secrets = await loadSecrets(options.dataDir);
    const info = planStack({ ...options, secrets });
    await startParts({ options, secrets, info, running });
    info.pids = Object.fromEntries([['stack', process.pid], ...running.map(({ name, pid }) => [name, pid])]);
    const endWatch = watchParts(running, options);
    const end = async (graceMs: number) => {
      endWatch();
      await removeStackFile(options.dataDir);
      await stopParts(running, graceMs).finally(release);
    };
    const publish = async (demo: DemoAccount | null) => {
      info.demo = demo;
      await writeStackFile(options.dataDir, info);
    };
    return { info, publish, stop: () => end(drainMaxMs), kill: () => end(0) };
  } catch (error) {
    await stopParts(running, 5_000).finally(release);
    throw error;
  }
}

interface Start {
  options: StackOptions;
  secrets: Secrets;
  info: StackInfo;
  running: RunningPart[];
}

async function startParts(start: Start): Promise<void> {
  const { options } = start;
  const parts = partsToStart(options);
  await assertPortsFree({
    ...(parts.has('sandbox') && { sandbox: options.ports.sandbox }),
    ...(parts.has('supabase') && { supabase: options.ports.supabase }),
    ...(parts.has('api') && { api: options.ports.api, apiMetrics: options.ports.apiMetrics }),
    ...(parts.has('worker') && { workerMetrics: options.ports.workerMetrics }),
  });
  const steps: Record<Part, () => Promise<string | undefined>> = {
    postgres: () => addPostgres(start),
    redis: () => addRedis(start),
    sandbox: () => addSandbox(start),
    supabase: () => addSupabase(start),
    migrations: () => migrate(start),
    api: () => addApp(start, 'api', 'server/src/start/server.ts', options.ports.api, options.ports.apiMetrics),
    worker: () => addApp(start, 'worker', 'workers/src/start/worker.ts', 0, options.ports.workerMetrics),
  };
  const runStep = async (part: Part) => {
    if (!parts.has(part)) return;
    options.signal?.throwIfAborted();
    const startedMs = Date.now();
    const note = await steps[part]();
    options.report(note === undefined ? part : `${part} (${note})`, Date.now() - startedMs);
  };
  await together(['postgres', 'redis', 'sandbox'], runStep);
  if (parts.has('supabase')) await prepareSupabase(start);
  await runStep('migrations');
  await runStep('supabase');
  await together(['api', 'worker'], runStep);
  if (parts.has('sandbox') && parts.has('api') && options.nodeEnv === 'development') await connectGateways(start);
}

/** Has the sandbox's payment gateways tell this API what happens. Tests take the events from the sandbox themselves. */
async function connectGateways({ options, info }: Start): Promise<void> {
  if (isStripeReal(options.environment)) return;
  const settings = { stripe: { secret: stripeSandboxSecret }, asaas: { token: asaasSandboxToken } };
  for (const [gateway, proof] of Object.entries(settings)) {
    const answer = await fetch(`${info.sandbox_url}/_sandbox/${gateway}/webhook`, {
      method: 'PUT',
      body: JSON.stringify({ url: `${info.api_url}/api/v1/webhooks/${gateway}`, mode: 'push', ...proof }),
    });
    if (!answer.ok) throw new Error(`The sandbox does not take the address of webhooks: ${await answer.text()}`);
    await answer.body?.cancel();
  }
}

function partsToStart({ parts, environment }: StackOptions): Set<Part> {
  const wanted = new Set(parts ?? allParts);
  if (environment.databaseUrl !== undefined) wanted.delete('postgres');
  if (environment.redisUrl !== undefined) wanted.delete('redis');
  if (environment.supabase !== undefined) wanted.delete('supabase');
  return wanted;
}

/** Waits for all of them even when one fails, so that nothing is started after the others have been stopped. */
async function together(parts: Part[], runStep: (part: Part) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(parts.map(runStep));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function addPostgres({ options, secrets, running }: Start): Promise<string | undefined> {
  const { dataDir, ports, isDurable } = options;
  const postgres = await startPostgres({
    dataDir,
    port: ports.postgres,
    password: secrets.postgresPassword,
    isDurable,
  });
  running.push({
    name: 'postgres',
    pid: postgres.pid,
    layer: 0,
    logFile: path.join(dataDir, 'postgres', 'server.log'),
    stop: (graceMs) => postgres.stop(graceMs === 0 ? 'immediate' : 'fast'),
  });
  if (postgres.note !== undefined) options.report(postgres.note);
  return postgres.isAttached ? 'taken over from a run that was killed' : undefined;
}

async function addRedis({ options, running }: Start): Promise<string | undefined> {
  const { dataDir, ports, isDurable, report } = options;
  const distDir = path.join(root, '.data', 'redis-dist');
  const redis = await startRedis({ dataDir, distDir, port: ports.redis, isDurable, env: systemVariables(), report });
  const logFile = path.join(dataDir, 'redis', 'redis.log');
  running.push({ name: 'redis', pid: redis.pid, layer: 0, logFile, stop: () => redis.stop() });
  return redis.isAttached ? 'taken over from a run that was killed' : undefined;
}

async function addSandbox(start: Start): Promise<undefined> {
  const { info, options } = start;
  await addChild(start, 1, {
    name: 'sandbox',
    script: scriptOf('sandbox/src/start.ts'),
    env: { ...options.environment.variables, ...options.variables, SANDBOX_PORT: String(options.ports.sandbox) },
    isReady: () => answersOk(`${info.sandbox_url}/_sandbox/health`),
  });
}

function supabaseChild({ options, secrets, info }: Start) {
  const settings: SupabaseOptions = {
    databaseUrl: info.database_url,
    jwtSecret: secrets.jwtSecret,
    publishableKey: secrets.supabasePublishableKey,
    secretKey: secrets.supabaseSecretKey,
    storageDir: path.join(options.dataDir, 'storage'),
    port: options.ports.supabase,
    siteUrl: 'http://127.0.0.1:3000',
  };
  return {
    script: scriptOf('devstack/src/supabase-server.ts'),
    env: { ...systemVariables(), [supabaseServerVariable]: JSON.stringify(settings) },
    signal: options.signal,
  };
}

async function prepareSupabase(start: Start): Promise<void> {
  const logFile = path.join(start.options.dataDir, 'logs', 'supabase-prepare.log');
  await runToEnd({ ...supabaseChild(start), name: 'Preparing Supabase', args: ['prepare'], logFile });
}

async function addSupabase(start: Start): Promise<undefined> {
  const isReady = () => answersOk(`${start.info.supabase_url}/_health`);
  await addChild(start, 1, { ...supabaseChild(start), name: 'supabase', args: ['serve'], isReady });
}

async function migrate({ info }: Start): Promise<string> {
  const { runMigrations } = await import('@base/shared/db/migrate/run-migrations');
  const lines: string[] = [];
  await runMigrations({ databaseUrl: info.database_url, log: (line: string) => lines.push(line) });
  const count = lines.filter((line) => line.startsWith('applied')).length;
  return count === 0 ? 'up to date' : `${count} applied`;
}

async function addApp(start: Start, name: Part, file: string, port: number, metricsPort: number): Promise<undefined> {
  const { options, info } = start;
  const env = appEnvironment({ ...start, ...options, overrides: options.variables ?? {} });
  const readyUrl = name === 'api' ? `${info.api_url}/api/health/ready` : info.worker_metrics_url;
  await addChild(start, 2, {
    name,
    script: scriptOf(file),
    env: { ...systemVariables(), ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
    isReady: () => answersOk(readyUrl),
  });
}

type NewChild = Omit<ChildOptions, 'logFile' | 'timeoutMs' | 'name'> & { name: Part };

async function addChild({ options, running }: Start, layer: number, child: NewChild): Promise<void> {
  const logFile = path.join(options.dataDir, 'logs', `${child.name}.log`);
  const part = await startChild({ ...child, logFile, timeoutMs: startMaxMs, signal: options.signal });
  running.push({ name: child.name, pid: part.pid, layer, logFile, stop: part.stop });
}

/** Stops layer by layer, from the last to the first. Every part is tried; the first failure is thrown at the end. */
async function stopParts(running: RunningPart[], graceMs: number): Promise<void> {
  const failures: unknown[] = [];
  for (const layer of [2, 1, 0]) {
    const parts = running.filter((part) => part.layer === layer);
    const results = await Promise.allSettled(parts.map((part) => part.stop(graceMs)));
    for (const result of results) if (result.status === 'rejected') failures.push(result.reason);
  }
  running.length = 0;
  if (failures.length > 0) throw failures[0];
}

/** Looks once a second whether every part is still there; gives the function that ends the watch. */
function watchParts(running: RunningPart[], { onPartLost }: StackOptions): () => void {
  const watch = setInterval(async () => {
    const lost = running.find(({ pid }) => pid > 0 && !isAlive(pid));
    if (lost === undefined) return;
    clearInterval(watch);
    onPartLost?.(lost.name, await lastLines(lost.logFile, 20));
  }, 1_000);
  watch.unref();
  return () => clearInterval(watch);
}
