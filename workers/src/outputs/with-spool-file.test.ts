import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onDisk, removeStaleSpools, withSpoolFile } from './with-spool-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'base-spool-test-'));
  vi.stubEnv('TMPDIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

it('leaves nothing behind, whether the task works or not', async () => {
  const kept = await withSpoolFile(async (file) => {
    await writeFile(file, 'x');
    expect(await readdir(directory)).toHaveLength(1);
    return file;
  });
  expect(kept.startsWith(directory)).toBe(true);
  const failing = withSpoolFile(async (file) => {
    await writeFile(file, 'x');
    throw new Error('broken');
  });
  await expect(failing).rejects.toThrow('broken');
  expect(await readdir(directory)).toEqual([]);
});

it('calls a disk that refuses a storage that is not available', async () => {
  const unavailable = expect.objectContaining({ name: 'OutputError', code: 'storage_unavailable' });
  await expect(onDisk(() => writeFile(path.join(directory, 'no', 'such', 'place'), 'x'))).rejects.toEqual(unavailable);
  vi.stubEnv('TMPDIR', path.join(directory, 'missing'));
  await expect(withSpoolFile(async () => {})).rejects.toEqual(unavailable);
});

it('removes what processes left that are gone, and nothing else', async () => {
  const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(gone, 'exit');
  const nameOf = (pid: number | undefined, rest: string) => `base-outputs-${hostname()}-${pid}-${rest}`;
  const stale = [nameOf(gone.pid, 'killed'), nameOf(process.pid, 'of-a-process-before')];
  const others = [nameOf(process.ppid, 'alive'), `base-outputs-elsewhere-${gone.pid}-other`, 'something-else'];
  for (const name of [...stale, ...others]) {
    await mkdir(path.join(directory, name));
    await writeFile(path.join(directory, name, 'output'), 'x');
    await utimes(path.join(directory, name), 0, 0);
  }
  await withSpoolFile(async (file) => {
    await writeFile(file, 'x');
    await removeStaleSpools();
    expect(existsSync(file)).toBe(true);
  });
  expect((await readdir(directory)).sort()).toEqual([...others].sort());
});
