import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from './is-alive.ts';
import { assertPortsFree } from './ports.ts';
import { findRedis, type RedisProgram, withLibraries } from './redis-binary.ts';
import { lastLines } from './start-child.ts';
import { waitUntil } from './wait-until.ts';

const run = promisify(execFile);

export interface RedisOptions {
  dataDir: string;
  /** Where an unpacked server is kept between runs; shared by all data directories. */
  distDir: string;
  port: number;
  isDurable: boolean;
  env: Record<string, string>;
  report(line: string): void;
}

export interface RunningRedis {
  url: string;
  /** 0 when the server runs in a container. */
  pid: number;
  isAttached: boolean;
  stop(): Promise<void>;
}

/**
 * Brings up a Redis of our own on 127.0.0.1, or takes over the one that an earlier, killed run left behind.
 * @throws Error when the port is taken, no server can be found, or it does not start.
 */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  await mkdir(path.join(options.dataDir, 'redis'), { recursive: true });
  const dir = await realpath(path.join(options.dataDir, 'redis')); // As Redis itself will name it.
  const leftover = await leftoverOf(dir);
  if (leftover?.port === options.port) return running(leftover.port, leftover.pid, true);
  if (leftover !== undefined) await endProcess(leftover.pid); // It listens on the port of an earlier choice.
  await assertPortsFree({ redis: options.port });
  const program = await findRedis(options);
  return program.kind === 'docker' ? startContainer(options) : startServer(program, dir, options);
}

/** Stops the server that a killed run left behind on this data directory, if there is one. */
export async function stopLeftoverRedis(dataDir: string): Promise<void> {
  const dir = await realpath(path.join(dataDir, 'redis')).catch(() => undefined);
  const leftover = dir === undefined ? undefined : await leftoverOf(dir);
  if (leftover !== undefined) await endProcess(leftover.pid);
}

function running(port: number, pid: number, isAttached: boolean): RunningRedis {
  return { url: `redis://127.0.0.1:${port}`, pid, isAttached, stop: () => endProcess(pid) };
}

/** The server that runs in this directory: its pid file says who and where, the server itself confirms the directory. */
async function leftoverOf(dir: string): Promise<{ pid: number; port: number } | undefined> {
  const pid = Number(await readFile(path.join(dir, 'redis.pid'), 'utf8').catch(() => ''));
  const port = Number(/^port (\d+)$/m.exec(await readFile(path.join(dir, 'redis.conf'), 'utf8').catch(() => ''))?.[1]);
  if (!isAlive(pid) || !(port > 0)) return undefined;
  const reply = await ask(port, 'CONFIG GET dir');
  return reply.includes(`${dir}\r\n`) ? { pid, port } : undefined;
}

async function startServer(
  program: Extract<RedisProgram, { kind: 'file' }>,
  dir: string,
  options: RedisOptions,
): Promise<RunningRedis> {
  const log = path.join(dir, 'redis.log');
  const settings = [
    `port ${options.port}`,
    'bind 127.0.0.1',
    'daemonize no',
    `dir "${dir}"`,
    `pidfile "${path.join(dir, 'redis.pid')}"`,
    `logfile "${log}"`,
    'save ""',
    `appendonly ${options.isDurable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction',
  ];
  const configFile = path.join(dir, 'redis.conf');
  await writeFile(configFile, `${settings.join('\n')}\n`);
  const env = withLibraries(options.env, program.libraryPath);
  const child = spawn(program.file, [configFile], { stdio: 'ignore', detached: true, env });
  child.unref();
  const isReady = async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server ended');
    return (await ask(options.port, 'PING')).startsWith('+PONG');
  };
  try {
    await waitUntil(isReady, { what: 'no answer', timeoutMs: 30_000 });
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error(`Redis (${program.file}) did not start; the end of ${log}:\n${await lastLines(log, 10)}`, {
      cause,
    });
  }
  return running(options.port, child.pid ?? 0, false);
}

async function startContainer({ env, port }: RedisOptions): Promise<RunningRedis> {
  const name = `base-redis-${port}`;
  const server = ['redis:7-alpine', 'redis-server', '--save', '', '--maxmemory-policy', 'noeviction'];
  await run('docker', ['rm', '-f', name], { env }).catch(() => {}); // Left over by a killed run, if there.
  await run('docker', ['run', '-d', '--rm', '--name', name, '-p', `127.0.0.1:${port}:6379`, ...server], { env });
  const stop = async () => {
    await run('docker', ['stop', '-t', '5', name], { env });
  };
  try {
    const isReady = async () => (await ask(port, 'PING')).startsWith('+PONG');
    await waitUntil(isReady, { what: 'Redis in Docker did not answer', timeoutMs: 60_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, pid: 0, isAttached: false, stop };
}

/** SIGTERM makes Redis write what it has to; one that does not end within 10 s is killed. */
async function endProcess(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  const hasEnded = async () => !isAlive(pid);
  await waitUntil(hasEnded, { what: 'Redis did not end', timeoutMs: 10_000 }).catch(() => process.kill(pid, 'SIGKILL'));
}

/** Sends one command; gives the raw reply, or '' when nobody answers within a second. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    const end = (reply: string) => {
      socket.destroy();
      resolve(reply);
    };
    socket.setTimeout(1_000, () => end(''));
    socket.once('error', () => end(''));
    socket.once('data', (data) => end(data.toString()));
  });
}
