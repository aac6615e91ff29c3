import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ChildPart, lastLines, startChild } from '../start-child.ts';
import { answersOk } from '../wait-until.ts';

/** A process that is started again whenever it ends, as a platform does. */
export interface Supervised {
  name: string;
  /** Does nothing while there is no process. */
  signal(signal: NodeJS.Signals): void;
  /** Asks the process to end and waits until it has; it is killed, and that is reported, when it takes too long. */
  drain(): Promise<void>;
  /** Whether it answers now. */
  isReady(): Promise<boolean>;
  starts(): number;
  /** Ends it for good. */
  stop(): Promise<void>;
}

export interface SuperviseOptions {
  name: string;
  script: string;
  args?: string[];
  env: Record<string, string>;
  logDir: string;
  readyUrl: string;
  /** Is told when the process, once ready, ended although nobody had asked it to, or did not end when asked. */
  onMisconduct(what: string): void;
}

const lookEveryMs = 50;
const restartAfterMs = 300;
/** More than the processes allow themselves, see SHUTDOWN_SECONDS in start-system.ts. */
const drainMaxMs = 25_000;

/** Starts the process and keeps it running. Each start writes a log of its own: `<name>-<start>.log`. */
export function supervise(options: SuperviseOptions): Supervised {
  const { name, readyUrl } = options;
  let child: ChildPart | undefined;
  let starts = 0;
  let isAsked = false;
  let isOver = false;

  const logFile = () => path.join(options.logDir, `${name}-${starts}.log`);
  const spawn = async (): Promise<ChildPart> => {
    starts += 1;
    isAsked = false;
    // Ready as soon as it is there: faults strike while it starts, too.
    child = await startChild({ ...options, logFile: logFile(), isReady: async () => true, timeoutMs: 10_000 });
    return child;
  };
  const keep = async (): Promise<void> => {
    while (!isOver) {
      const current = await spawn();
      if (isOver) signal('SIGTERM'); // It was told to stop just before there was a process.
      let wasReady = false;
      while (!current.hasEnded()) {
        wasReady ||= await answersOk(readyUrl);
        await pause(lookEveryMs * (wasReady ? 1 : 4));
      }
      // Before it was ready it may end for want of Postgres: that is how an API node says so.
      if (wasReady && !isAsked) {
        options.onMisconduct(`${name} ended by itself:\n${await lastLines(logFile(), 8)}`);
      }
      if (!isOver) await pause(restartAfterMs);
    }
  };
  const signal = (sent: NodeJS.Signals): void => {
    if (child === undefined || child.hasEnded()) return;
    if (sent === 'SIGKILL' || sent === 'SIGTERM') isAsked = true;
    process.kill(child.pid, sent);
  };
  const hasEnded = async (current: ChildPart, maxMs: number): Promise<boolean> => {
    const endMs = Date.now() + maxMs;
    while (!current.hasEnded() && Date.now() < endMs) await pause(lookEveryMs);
    return current.hasEnded();
  };
  const keeping = keep();
  keeping.catch((error: unknown) => options.onMisconduct(`${name} could not be kept running: ${error}`));

  return {
    name,
    signal,
    async drain() {
      const current = child;
      if (current === undefined) return;
      signal('SIGTERM');
      if (await hasEnded(current, drainMaxMs)) return;
      options.onMisconduct(`${name} did not end within ${drainMaxMs / 1000} s of SIGTERM`);
      process.kill(current.pid, 'SIGKILL');
    },
    isReady: () => answersOk(readyUrl),
    starts: () => starts,
    async stop() {
      isOver = true;
      const killing = setTimeout(() => signal('SIGKILL'), drainMaxMs);
      signal('SIGCONT');
      signal('SIGTERM');
      await keeping.catch(() => {}); // Reported above.
      clearTimeout(killing);
    },
  };
}
