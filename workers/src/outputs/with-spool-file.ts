import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { OutputError } from './output-error.ts';

/** `base-outputs-<host>-<process id>-<random>`: by its name others can tell whether it is still in use. */
const prefix = `base-outputs-${hostname()}-`;

/**
 * Gives a task the path of a temporary file, not yet there, in a directory of its own, which is removed when the task
 * is over. What the disk refuses becomes `storage_unavailable`: a later try may find room.
 * @throws OutputError, and whatever the task throws.
 */
export async function withSpoolFile<T>(task: (file: string) => Promise<T>): Promise<T> {
  const directory = await onDisk(() => mkdtemp(path.join(tmpdir(), `${prefix}${process.pid}-`)));
  try {
    return await task(path.join(directory, 'output'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs a step that writes to the disk. @throws OutputError `storage_unavailable` where the disk refuses. */
export async function onDisk<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new OutputError('storage_unavailable', `temporary file: ${error.message}`, { cause: error });
  }
}

/** Removes what processes of this machine left behind that were killed in the middle of a task. */
export async function removeStaleSpools(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const directory = path.join(tmpdir(), name);
    if (await isStale(directory, Number.parseInt(name.slice(prefix.length), 10))) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

async function isStale(directory: string, pid: number): Promise<boolean> {
  if (pid !== process.pid) return !isAlive(pid);
  // A container gives its first process the same id at each start.
  const startedAt = Date.now() - process.uptime() * 1_000;
  const found = await stat(directory).catch(() => null);
  return found !== null && found.mtimeMs < startedAt;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
