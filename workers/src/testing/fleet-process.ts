import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '@base/shared/testing/until';

export interface FleetProcess {
  name: string;
  pid: number;
  /** Where an API node is reached; '' for a worker. */
  url: string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended, with its exit code; null when a signal ended it. */
  ended: Promise<number | null>;
  hasEnded(): boolean;
  /** All it has logged. */
  logged(): string;
  /** Ends it at once, whatever state it is in, and waits. */
  kill(): Promise<void>;
}

export interface FleetProcessOptions {
  name: string;
  /** Path from the root of the repository. */
  script: string;
  env: Record<string, string>;
  logFile: string;
  url: string;
  isReady(process: FleetProcess): Promise<boolean> | boolean;
  /** The process may be gone before it is ready, when it is meant to crash. */
  mayEnd: boolean;
}

const root = path.resolve(import.meta.dirname, '../../..');
const dieWithParent = path.join(root, 'devstack/src/die-with-parent.ts');
const crashAt = path.join(root, 'workers/src/testing/crash-at.ts');

/** Runs an API node or a worker as production does, as a process of its own, and waits until it is ready. */
export async function startProcess(options: FleetProcessOptions): Promise<FleetProcess> {
  const log = openSync(options.logFile, 'a');
  const preloads = [dieWithParent, ...(options.env.CRASH_AT ? [crashAt] : [])];
  const args = [...preloads.flatMap((file) => ['--import', file]), path.join(root, options.script)];
  const child = spawn(process.execPath, args, { env: options.env, stdio: ['ignore', log, log, 'ipc'], detached: true });
  closeSync(log);
  const ended = once(child, 'exit').then(([code]) => code as number | null); // the event's first argument
  const { pid = 0 } = child;
  const started: FleetProcess = {
    name: options.name,
    pid,
    url: options.url,
    signal: (signal) => void child.kill(signal),
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    logged: () => readFileSync(options.logFile, 'utf8'),
    async kill() {
      if (!started.hasEnded()) child.kill('SIGKILL');
      await ended;
    },
  };
  const isReady = async () => {
    if (!started.hasEnded()) return options.isReady(started);
    if (options.mayEnd) return true;
    throw new Error(`${options.name} ended instead of starting:\n${started.logged().slice(-3_000)}`);
  };
  try {
    await until(`${options.name} is ready`, isReady, { timeoutMs: 30_000 });
  } catch (error) {
    await started.kill();
    throw error;
  }
  return started;
}
