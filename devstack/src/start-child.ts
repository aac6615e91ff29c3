import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { waitUntil } from './wait-until.ts';

export interface ChildOptions {
  name: string;
  /** The TypeScript file to run, and its arguments. */
  script: string;
  args?: string[];
  env: Record<string, string>;
  logFile: string;
  isReady(): Promise<boolean>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface ChildPart {
  pid: number;
  /** Asks it to end (SIGTERM) and waits; after `graceMs` it is killed. */
  stop(graceMs: number): Promise<void>;
  /** Becomes true once the process has ended, whoever ended it. */
  hasEnded(): boolean;
}

const dieWithParent = new URL('./die-with-parent.ts', import.meta.url).href;

/**
 * Runs a script as a process of its own and waits until it is ready. Its output goes to the log file; the previous
 * log is kept beside it as `.1`.
 * @throws Error with the end of the log when the process ends or is not ready in time; nothing is left running then.
 */
export async function startChild(options: ChildOptions): Promise<ChildPart> {
  const child = spawnLogged(options);
  const part: ChildPart = {
    pid: child.pid ?? 0,
    stop: (graceMs) => stopChild(child, graceMs),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
  const isReady = async () => {
    if (!part.hasEnded()) return options.isReady();
    throw new Error(`${options.name} ended with ${child.exitCode ?? child.signalCode} instead of starting`);
  };
  try {
    const { timeoutMs, signal } = options;
    await waitUntil(isReady, { what: `${options.name} was not ready`, timeoutMs, signal });
    return part;
  } catch (cause) {
    await part.stop(2_000);
    if (options.signal?.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${reason}. The end of ${options.logFile}:\n${await lastLines(options.logFile, 20)}`, { cause });
  }
}

/** Runs a script to its end, with its output in the log file. @throws Error with the end of the log when it fails. */
export async function runToEnd(options: Omit<ChildOptions, 'isReady' | 'timeoutMs'>): Promise<void> {
  const child = spawnLogged(options);
  if (child.exitCode === null) await once(child, 'exit', options.signal ? { signal: options.signal } : {});
  if (child.exitCode === 0) return;
  throw new Error(`${options.name} failed. The end of ${options.logFile}:\n${await lastLines(options.logFile, 20)}`);
}

/** The last lines of a text file, each cut at 400 characters; '' when there is none. */
export async function lastLines(file: string, count: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-count);
  return lines.map((line) => line.slice(0, 400)).join('\n');
}

function spawnLogged(options: Pick<ChildOptions, 'script' | 'args' | 'env' | 'logFile'>): ChildProcess {
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  try {
    renameSync(options.logFile, `${options.logFile}.1`);
  } catch {
    // There was no earlier log.
  }
  const log = openSync(options.logFile, 'w', 0o600);
  // Its own process group: Ctrl-C in a terminal reaches the stack, which then lets its parts drain in order.
  const child = spawn(process.execPath, ['--import', dieWithParent, options.script, ...(options.args ?? [])], {
    env: options.env,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  child.on('error', () => {}); // Could not be spawned, or the channel closed: its end tells the same.
  return child;
}

async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(killing);
}
