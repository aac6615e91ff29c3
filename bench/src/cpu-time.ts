import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/** CPU time used so far, in milliseconds; null on systems without /proc, and for servers in containers. */
export interface CpuTimes {
  api: number | null;
  worker: number | null;
  postgres: number | null;
  redis: number | null;
  /** This process: the load generator. */
  bench: number;
  /** All processes of the machine together. */
  machine: number;
}

export interface MeasuredPids {
  api?: number;
  worker?: number;
  postgres: number;
  redis: number;
}

const tickMs = 10;

export function readCpuTimes(pids: MeasuredPids): CpuTimes {
  const own = process.cpuUsage();
  return {
    api: processMs(pids.api),
    worker: processMs(pids.worker),
    postgres: postgresMs(pids.postgres),
    redis: processMs(pids.redis),
    bench: (own.user + own.system) / 1000,
    machine: os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0),
  };
}

/** Microseconds of CPU per piece of work, between two readings. */
export interface CpuPerItem {
  apiUs: number | null;
  workerUs: number | null;
  postgresUs: number | null;
  redisUs: number | null;
  benchUs: number;
  /** Share of the machine used by strangers: above about 10 % the run is not to be trusted. */
  foreignShare: number | null;
}

export function cpuPerItem(
  before: CpuTimes,
  after: CpuTimes,
  options: { items: number; elapsedMs: number },
): CpuPerItem {
  const { items, elapsedMs } = options;
  const spent = (part: keyof CpuTimes): number | null => {
    const [from, to] = [before[part], after[part]];
    return from === null || to === null ? null : to - from;
  };
  const perItem = (ms: number | null) => (ms === null || items === 0 ? null : (ms * 1000) / items);
  const [postgres, redis] = [spent('postgres'), spent('redis')];
  const ours = (spent('api') ?? 0) + (spent('worker') ?? 0) + (postgres ?? 0) + (redis ?? 0) + (spent('bench') ?? 0);
  const foreign = (spent('machine') ?? 0) - ours;
  return {
    apiUs: perItem(spent('api')),
    workerUs: perItem(spent('worker')),
    postgresUs: perItem(postgres),
    redisUs: perItem(redis),
    benchUs: perItem(spent('bench')) ?? 0,
    foreignShare:
      postgres === null || redis === null ? null : Math.max(0, foreign) / (elapsedMs * os.availableParallelism()),
  };
}

interface Stat {
  parentPid: number;
  ownMs: number;
  /** Of children that have ended. */
  endedChildrenMs: number;
}

function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; the fields behind it start with the state (field 3).
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const field = (number: number) => fields[number - 3] ?? 0;
    return {
      parentPid: field(4),
      ownMs: (field(14) + field(15)) * tickMs,
      endedChildrenMs: (field(16) + field(17)) * tickMs,
    };
  } catch {
    return null; // No /proc on this system, or the process has ended.
  }
}

function processMs(pid: number | undefined): number | null {
  return pid === undefined || pid === 0 ? null : (readStat(pid)?.ownMs ?? null);
}

/** The server and its backends, those that have ended included. */
function postgresMs(serverPid: number): number | null {
  const server = serverPid === 0 ? null : readStat(serverPid);
  if (server === null) return null;
  const backends = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== null && stat.parentPid === serverPid);
  return backends.reduce((sum, stat) => sum + (stat?.ownMs ?? 0), server.ownMs + server.endedChildrenMs);
}
