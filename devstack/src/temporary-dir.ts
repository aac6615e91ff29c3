import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { removeDataDir } from './remove-data-dir.ts';

/** For tests: a directory that anybody may enter; it goes when the test ends, with the servers that run on it. */
export function temporaryDir(): string {
  const dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-test-')));
  chmodSync(dir, 0o755);
  onTestFinished(() => removeDataDir(dir));
  return dir;
}
