import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { systemVariables } from './environment.ts';
import { isAlive } from './is-alive.ts';
import { startChild } from './start-child.ts';
import { temporaryDir } from './temporary-dir.ts';
import { waitUntil } from './wait-until.ts';

/** A part that says `ready`, and on SIGTERM leaves a file before it ends. */
const drainingPart = (dir: string) => `
  const fs = require('node:fs');
  process.on('SIGTERM', () => { fs.writeFileSync(${JSON.stringify(path.join(dir, 'drained'))}, ''); process.exit(0); });
  setInterval(() => {}, 1e6);
  fs.writeFileSync(${JSON.stringify(path.join(dir, 'ready'))}, String(process.pid));`;

function partIn(dir: string, code: string) {
  const script = path.join(dir, 'part.cjs');
  writeFileSync(script, code);
  const isReady = async () => existsSync(path.join(dir, 'ready'));
  const logFile = path.join(dir, 'logs/part.log');
  return { name: 'part', script, env: systemVariables(), logFile, isReady, timeoutMs: 20_000 };
}

it('lets a part drain when it is stopped', async () => {
  const dir = temporaryDir();
  const part = await startChild(partIn(dir, drainingPart(dir)));
  await part.stop(20_000);
  expect(existsSync(path.join(dir, 'drained'))).toBe(true);
  expect(isAlive(part.pid)).toBe(false);
});

it('shows the end of the log of a part that does not start', async () => {
  const dir = temporaryDir();
  const failing = partIn(dir, "console.error('the disk is made of cheese'); process.exit(9);");
  await expect(startChild(failing)).rejects.toThrow(/part ended with 9[\s\S]*the disk is made of cheese/);
});

it('ends a part that never becomes ready, with its log', async () => {
  const dir = temporaryDir();
  const pidFile = path.join(dir, 'pid');
  const silent = `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1e6);`;
  const part = { ...partIn(dir, silent), isReady: async () => false, timeoutMs: 1_500 };
  await expect(startChild(part)).rejects.toThrow('part was not ready within 1.5 s');
  expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
});

it('lets a part drain when the process that started it is killed', async () => {
  const dir = temporaryDir();
  const { script, logFile, env } = partIn(dir, drainingPart(dir));
  const options = JSON.stringify({ name: 'part', script, logFile, env, timeoutMs: 20_000 });
  const program = `
    import { existsSync } from 'node:fs';
    import { startChild } from ${JSON.stringify(path.join(import.meta.dirname, 'start-child.ts'))};
    const isReady = async () => existsSync(${JSON.stringify(path.join(dir, 'ready'))});
    await startChild({ ...${options}, isReady });
    console.log('started');`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  parent.kill('SIGKILL');
  const hasDrained = async () => existsSync(path.join(dir, 'drained'));
  await waitUntil(hasDrained, { what: 'the part did not drain', timeoutMs: 20_000 });
});
