import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDir } from './temporary-dir.ts';
import { waitUntil } from './wait-until.ts';

/** Stands in for npm: notes each call, and does what `steps` says. `$NODE` is where Node 24 is expected. */
const fakeNpm = (steps: string) => `
const fs = require('node:fs');
const call = process.argv[2];
fs.appendFileSync('calls.log', call + '\\n');
const makeNode = () => {
  fs.mkdirSync('node_modules/node/bin', { recursive: true });
  fs.symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/node/bin/node');
};
${steps}`;

const installNode = "fs.rmSync('node_modules', { recursive: true, force: true }); makeNode();";

function freshClone(steps = installNode): string {
  const root = temporaryDir();
  mkdirSync(path.join(root, 'devstack/src'), { recursive: true });
  copyFileSync(path.join(import.meta.dirname, 'bootstrap.js'), path.join(root, 'devstack/src/bootstrap.js'));
  writeFileSync(path.join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(root, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
  writeFileSync(path.join(root, 'npm-cli.cjs'), fakeNpm(steps));
  writeFileSync(path.join(root, 'script.js'), "console.log('ran', ...process.argv.slice(2));");
  return root;
}

interface Run {
  child: ChildProcess;
  output(): string;
  code: Promise<number | null>;
}

function bootstrap(root: string, args: string[], nodeFlags: string[] = []): Run {
  const child = spawn(process.execPath, [...nodeFlags, 'devstack/src/bootstrap.js', ...args], {
    cwd: root,
    env: { PATH: '/usr/bin:/bin', npm_execpath: path.join(root, 'npm-cli.cjs') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return { child, output: () => output, code: once(child, 'close').then(([code]) => code) };
}

const callsOf = (root: string) => readFileSync(path.join(root, 'calls.log'), 'utf8').trim().split('\n');

it('installs on a fresh clone, runs the script with its arguments, and does not install again', async () => {
  const root = freshClone();
  const first = bootstrap(root, ['script.js', '--once']);
  expect(await first.code).toBe(0);
  expect(first.output()).toContain('ran --once');
  const second = bootstrap(root, ['script.js']);
  expect(await second.code).toBe(0);
  expect(callsOf(root)).toEqual(['ci']);
});

it('installs once when two commands start at the same time', async () => {
  const root = freshClone(
    `${installNode} const wait = setInterval(() => fs.existsSync('go') && clearInterval(wait), 10);`,
  );
  const runs = [bootstrap(root, ['script.js']), bootstrap(root, ['script.js'])];
  const oneWaits = async () => runs.some((run) => run.output().includes('Waiting for another install'));
  await waitUntil(oneWaits, { what: 'nobody waited', timeoutMs: 20_000 });
  writeFileSync(path.join(root, 'go'), '');
  expect(await Promise.all(runs.map((run) => run.code))).toEqual([0, 0]);
  expect(callsOf(root)).toEqual(['ci']);
});

it('installs again when the lock file has changed', async () => {
  const root = freshClone();
  await bootstrap(root, ['script.js']).code;
  writeFileSync(path.join(root, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"2.0.0"}}}');
  await bootstrap(root, ['script.js']).code;
  expect(callsOf(root)).toEqual(['ci', 'ci']);
});

it('accepts an install made by hand when npm recorded every package', async () => {
  const root = freshClone();
  await bootstrap(root, ['script.js']).code;
  rmSync(path.join(root, 'node_modules/.base-install'));
  writeFileSync(
    path.join(root, 'node_modules/.package-lock.json'),
    '{"packages":{"node_modules/a":{"version":"1.0.0"}}}',
  );
  expect(await bootstrap(root, ['script.js']).code).toBe(0);
  expect(callsOf(root)).toEqual(['ci']);
});

it('takes over the lock of an installer that was killed', async () => {
  const root = freshClone();
  const killed = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(killed, 'exit');
  mkdirSync(path.join(root, '.data/install.lock'), { recursive: true });
  writeFileSync(path.join(root, '.data/install.lock/pid'), String(killed.pid));
  expect(await bootstrap(root, ['script.js']).code).toBe(0);
  expect(existsSync(path.join(root, '.data/install.lock'))).toBe(false);
});

it('sets Node up when the packages were installed without their install scripts', async () => {
  const root = freshClone("if (call === 'ci') fs.mkdirSync('node_modules', { recursive: true }); else makeNode();");
  expect(await bootstrap(root, ['script.js']).code).toBe(0);
  expect(callsOf(root)).toEqual(['ci', 'rebuild']);
});

it.each([
  ['npm error code ENOTFOUND', 'check the network'],
  ['npm error code ENOSPC', 'The disk is full'],
  ['npm error code EACCES', 'may not be written'],
  ['npm error code EUSAGE', 'run `npm install`'],
])('says what to do when npm fails with "%s"', async (error, advice) => {
  const root = freshClone(`console.error(${JSON.stringify(error)}); process.exit(1);`);
  const run = bootstrap(root, ['script.js']);
  expect(await run.code).toBe(1);
  expect(run.output()).toContain(error);
  expect(run.output()).toContain(advice);
});

it('ends with the exit code of the script', async () => {
  const root = freshClone();
  writeFileSync(path.join(root, 'script.js'), 'process.exit(7);');
  expect(await bootstrap(root, ['script.js']).code).toBe(7);
});

it('passes SIGTERM on to the script and waits for it', async () => {
  const root = freshClone();
  const drain =
    "process.on('SIGTERM', () => { console.log('drained'); process.exit(3); }); setInterval(() => {}, 1e6);";
  writeFileSync(path.join(root, 'script.js'), `${drain} console.log('ready');`);
  const run = bootstrap(root, ['script.js']);
  await waitUntil(async () => run.output().includes('ready'), { what: 'the script did not run', timeoutMs: 20_000 });
  run.child.kill('SIGTERM');
  expect(await run.code).toBe(3);
  expect(run.output()).toContain('drained');
});

it('refuses a Node that is too old with one sentence', async () => {
  const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });";
  const run = bootstrap(freshClone(), ['script.js'], ['--import', `data:text/javascript,${encodeURIComponent(old)}`]);
  expect(await run.code).toBe(1);
  expect(run.output()).toMatch(/^BASE needs Node 20 or newer/);
});
