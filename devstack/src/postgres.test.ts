import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { isAlive } from './is-alive.ts';
import { pickFreePorts } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { findPostgresHome, refugeOf } from './postgres-home.ts';
import { temporaryDir } from './temporary-dir.ts';
import { waitUntil } from './wait-until.ts';

const isRoot = process.getuid?.() === 0;
const password = 'a password/with: signs';
const freePort = async () => (await pickFreePorts()).postgres;
const start = (dataDir: string, port: number) => startPostgres({ dataDir, port, password, isDurable: false });

async function query(url: string, text: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql.unsafe(text);
    return row?.value;
  } finally {
    await sql.end();
  }
}

/** Runs a process that starts PostgreSQL and then waits; gives the server's pid. */
async function startElsewhere(dataDir: string, port: number, user: { uid?: number; gid?: number } = {}) {
  const options = JSON.stringify({ dataDir, port, password, isDurable: false });
  const program = `
    import { startPostgres } from ${JSON.stringify(path.join(import.meta.dirname, 'postgres.ts'))};
    console.log((await startPostgres(${options})).pid);
    setInterval(() => {}, 1e6);`;
  const flags = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'], ...user });
  const [output] = await once(child.stdout, 'data');
  return { child, serverPid: Number(output) };
}

it('keeps the data from one start to the next and leaves nothing running', async () => {
  const dataDir = temporaryDir();
  const first = await start(dataDir, await freePort());
  await query(first.url, 'create table kept as select 42 as value');
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  const second = await start(dataDir, await freePort());
  expect(await query(second.url, 'select value from kept')).toBe(42);
  expect(second.isAttached).toBe(false);
  await second.stop();
});

it('takes over the server that a killed process left behind, and stops it', async () => {
  const dataDir = temporaryDir();
  const port = await freePort();
  const { child, serverPid } = await startElsewhere(dataDir, port);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await start(dataDir, port);
  expect(server).toMatchObject({ isAttached: true, pid: serverPid });
  expect(await query(server.url, 'select 1 as value')).toBe(1);
  await server.stop();
  expect(isAlive(serverPid)).toBe(false);
});

it('moves a server left behind to the port that is wanted now', async () => {
  const dataDir = temporaryDir();
  const left = await start(dataDir, await freePort());
  const server = await start(dataDir, await freePort());
  expect(isAlive(left.pid)).toBe(false);
  expect(await query(server.url, 'select 1 as value')).toBe(1);
  await server.stop();
});

it('refuses a port that something else holds', async () => {
  const port = await freePort();
  const other = await start(temporaryDir(), port);
  await expect(start(temporaryDir(), port)).rejects.toThrow(`Port ${port}, wanted for Postgres, is taken`);
  await other.stop();
});

it('never runs the server as root', { skip: !isRoot || process.platform !== 'linux' }, async () => {
  const server = await start(temporaryDir(), await freePort());
  const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
  expect(uid).toBeGreaterThan(0);
  await server.stop();
});

it('keeps its data elsewhere, and says so, where its user cannot go', { skip: !isRoot }, async () => {
  const closed = temporaryDir();
  const dataDir = path.join(closed, 'data');
  mkdirSync(dataDir);
  chmodSync(closed, 0o700);
  const server = await start(dataDir, await freePort());
  expect(server.note).toContain(refugeOf(dataDir));
  expect(existsSync(path.join(refugeOf(dataDir), 'cluster/PG_VERSION'))).toBe(true);
  expect(await query(server.url, 'select 1 as value')).toBe(1);
  await server.stop();
  const { binDir } = await findPostgresHome(dataDir);
  for (const dir of [refugeOf(dataDir), path.resolve(binDir, '../..')]) await rm(dir, { recursive: true });
});

it('runs for a user who is not root', { skip: !isRoot }, async () => {
  const dataDir = temporaryDir();
  const nobody = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  const group = Number(execFileSync('id', ['-g', 'nobody'], { encoding: 'utf8' }));
  chownSync(dataDir, nobody, group);
  const { child, serverPid } = await startElsewhere(dataDir, await freePort(), { uid: nobody, gid: group });
  expect(isAlive(serverPid)).toBe(true);
  process.kill(serverPid, 'SIGINT');
  // Its files belong to nobody: it must have ended by itself before they are removed.
  await waitUntil(async () => !isAlive(serverPid), { what: 'PostgreSQL did not end', timeoutMs: 30_000 });
  child.kill('SIGKILL');
  await once(child, 'exit');
});
