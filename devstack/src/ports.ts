import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { commandLineOf } from './is-alive.ts';

export interface Ports {
  api: number;
  apiMetrics: number;
  workerMetrics: number;
  supabase: number;
  sandbox: number;
  postgres: number;
  redis: number;
}
export type PortName = keyof Ports;

const partOf: Record<PortName, string> = {
  api: 'the API',
  apiMetrics: "the API's metrics",
  workerMetrics: "the worker's metrics",
  supabase: 'Supabase',
  sandbox: 'the sandbox',
  postgres: 'Postgres',
  redis: 'Redis',
};

/** The ports of `npm start`, all moved by the same number. */
export function defaultPorts(offset: number): Ports {
  return {
    api: 4000 + offset,
    apiMetrics: 4001 + offset,
    workerMetrics: 4002 + offset,
    supabase: 4010 + offset,
    sandbox: 4020 + offset,
    postgres: 4032 + offset,
    redis: 4079 + offset,
  };
}

/** Ports that nobody listens on now, from 20000 to 29999: below those that the kernel hands to outgoing connections. */
export async function pickFreePorts(): Promise<Ports> {
  const picked = new Set<number>();
  while (picked.size < 7) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (!picked.has(port) && (await isFree(port))) picked.add(port);
  }
  const [api = 0, apiMetrics = 0, workerMetrics = 0, supabase = 0, sandbox = 0, postgres = 0, redis = 0] = picked;
  return { api, apiMetrics, workerMetrics, supabase, sandbox, postgres, redis };
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** @throws Error naming every taken port, what probably holds it, and how to choose others. */
export async function assertPortsFree(ports: Partial<Ports>): Promise<void> {
  const taken: string[] = [];
  for (const name of Object.keys(partOf) as PortName[] /* The keys of a Record<PortName, …>. */) {
    const port = ports[name];
    if (port === undefined || (await isFree(port))) continue;
    taken.push(`Port ${port}, wanted for ${partOf[name]}, is taken by ${holderOf(port)}.`);
  }
  if (taken.length === 0) return;
  throw new Error(
    `${taken.join('\n')}\nStop that program, or move all ports of BASE: BASE_PORT_OFFSET=100 npm start (4100, 4101 …).`,
  );
}

/** Says what listens on a port: on Linux by /proc, elsewhere by telling how to find out. */
function holderOf(port: number): string {
  try {
    const pid = pidListeningOn(port);
    if (pid !== undefined) return `process ${pid} (${commandLineOf(pid).trim().slice(0, 120)})`;
  } catch {
    // No /proc on this system, or not ours to read: the general sentence below helps as well.
  }
  return `another program (find it with: lsof -nP -iTCP:${port} -sTCP:LISTEN)`;
}

function pidListeningOn(port: number): number | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const isListening = '0A';
  const row = lines
    .map((line) => line.trim().split(/\s+/))
    .find((f) => f[1]?.endsWith(`:${hexPort}`) && f[3] === isListening);
  if (row === undefined) return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => openFilesOf(pid).includes(`socket:[${row[9]}]`));
}

function openFilesOf(pid: number): string[] {
  const targetOf = (fd: string) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // Closed since the list was read.
    }
  };
  try {
    return readdirSync(`/proc/${pid}/fd`).map(targetOf);
  } catch {
    return []; // The process has ended, or belongs to somebody else.
  }
}
