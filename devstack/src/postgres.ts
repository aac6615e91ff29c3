import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemVariables } from './environment.ts';
import { isAlive } from './is-alive.ts';
import { assertPortsFree } from './ports.ts';
import { findPostgresHome, type PostgresHome, refugeOf } from './postgres-home.ts';
import { lastLines } from './start-child.ts';

const run = promisify(execFile);
const majorVersion = '17';

export interface PostgresOptions {
  dataDir: string;
  port: number;
  password: string;
  /** False turns off waiting for the disk: several times faster, and a power cut may destroy the data. */
  isDurable: boolean;
  /** Whom to run as when started by root; `nobody` when there is no such user. */
  runAs?: string;
}

export interface RunningPostgres {
  url: string;
  pid: number;
  /** True when a server left over by an earlier run was taken over. */
  isAttached: boolean;
  note: string | undefined;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/**
 * Brings up PostgreSQL 17 on 127.0.0.1: makes the cluster once, then starts it, or takes over the server that an
 * earlier, killed run left behind in the same directory.
 * @throws Error when the port is taken, the cluster is of another version, or the server does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const home = await findPostgresHome(options.dataDir, options.runAs);
  const stop = async (mode: 'fast' | 'immediate' = 'fast') => {
    if ((await leftoverOf(home)) !== undefined) await stopServer(home, mode); // Else it has ended by itself.
  };
  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/postgres`;
  const leftover = await leftoverOf(home);
  if (leftover?.port === options.port && (await accepts(options.port))) {
    return { url, pid: leftover.pid, isAttached: true, note: home.note, stop };
  }
  if (leftover !== undefined) await stop(); // It listens elsewhere, or not any more: one cluster takes one server.
  await assertPortsFree({ postgres: options.port });
  await ensureCluster(home, options.password);
  await startServer(home, options);
  const started = await leftoverOf(home);
  if (started === undefined) throw new Error('PostgreSQL stopped as soon as it had started.');
  return { url, pid: started.pid, isAttached: false, note: home.note, stop };
}

/** Stops the server that a killed run left behind on this data directory, if there is one. */
export async function stopLeftoverPostgres(dataDir: string): Promise<void> {
  const clusters = [path.join(dataDir, 'postgres'), path.join(refugeOf(dataDir), 'cluster')];
  if (!clusters.some((dir) => existsSync(path.join(dir, 'postmaster.pid')))) return;
  const home = await findPostgresHome(dataDir);
  if ((await leftoverOf(home)) !== undefined) await stopServer(home, 'immediate');
}

async function stopServer(home: PostgresHome, mode: 'fast' | 'immediate'): Promise<void> {
  await runProgram(home, 'pg_ctl', ['-D', home.clusterDir, '-m', mode, '-w', '-t', '60', 'stop']);
}

/** The pid and port of the server that runs on this cluster, by PostgreSQL's own pid file. */
async function leftoverOf(home: PostgresHome): Promise<{ pid: number; port: number } | undefined> {
  const lines = (await readFile(path.join(home.clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  return isAlive(pid) ? { pid, port: Number(lines[3]) } : undefined;
}

/** Makes the cluster beside its final place and moves it there when complete: a killed initdb leaves no half of one. */
async function ensureCluster(home: PostgresHome, password: string): Promise<void> {
  const { clusterDir, user } = home;
  if (existsSync(clusterDir)) {
    const version = (await readFile(path.join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
    if (version === majorVersion) return;
    throw new Error(`${clusterDir} is not a PostgreSQL ${majorVersion} cluster. Remove it, or run: npm run reset`);
  }
  const unfinished = `${clusterDir}.unfinished`;
  const passwordFile = `${clusterDir}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    await chown(unfinished, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  // The built-in collation is the same on every system; the operating system's own is not.
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const access = ['-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await runProgram(home, 'initdb', ['-D', unfinished, ...access, ...locale, '--data-checksums']);
    await rename(unfinished, clusterDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function startServer(home: PostgresHome, options: PostgresOptions): Promise<void> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    timezone: 'UTC',
    ...(!options.isDurable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const log = path.join(home.clusterDir, 'server.log');
  const server = ['-o', [`-p ${options.port}`, ...flags].join(' ')];
  try {
    await runProgram(home, 'pg_ctl', ['-D', home.clusterDir, '-l', log, '-w', '-t', '60', ...server, 'start']);
  } catch (cause) {
    throw new Error(`PostgreSQL did not start; the end of ${log}:\n${await lastLines(log, 10)}`, { cause });
  }
}

/** Runs one of PostgreSQL's programs as its user, with no variable (PGPORT, PGDATA …) leading it elsewhere. */
async function runProgram(home: PostgresHome, program: string, args: string[]): Promise<void> {
  const env = { ...systemVariables(), LC_ALL: 'C' };
  await run(path.join(home.binDir, program), args, {
    env,
    cwd: home.user === undefined ? undefined : '/',
    ...home.user,
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
