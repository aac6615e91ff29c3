import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { commandLineOf, isAlive } from './is-alive.ts';
import { waitUntil } from './wait-until.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

export interface DemoAccount {
  email: string;
  password: string;
  api_key: string;
  organization_id: string;
}

/** Where a running stack is reached and with what: the content of `stack.json`. */
export interface StackInfo {
  api_url: string;
  docs_url: string;
  metrics_url: string;
  worker_metrics_url: string;
  database_url: string;
  redis_url: string;
  supabase_url: string;
  supabase_publishable_key: string;
  supabase_secret_key: string;
  /** Null when a hosted project signs its tokens with a key pair. */
  supabase_jwt_secret: string | null;
  /** Lists the mails that local Supabase Auth did not send (`?to=`); null with a hosted project. */
  supabase_mail_url: string | null;
  sandbox_url: string;
  data_dir: string;
  demo: DemoAccount | null;
  pids: Record<string, number>;
}

const fileOf = (dataDir: string) => path.join(dataDir, 'stack.json');
const lockOf = (dataDir: string) => path.join(dataDir, 'stack.lock');

/** Describes the running stack for tools and tests; the file holds secrets and is its owner's only. */
export async function writeStackFile(dataDir: string, info: StackInfo): Promise<void> {
  await writeFileAtomically(fileOf(dataDir), `${JSON.stringify(info, null, 2)}\n`);
}

export async function removeStackFile(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir), { force: true });
}

/** Waits until the parts of a killed stack have drained and left their ports, then removes its description. */
export async function forgetKilledStack(dataDir: string): Promise<void> {
  const { pids = {} }: Partial<StackInfo> = JSON.parse(await readFile(fileOf(dataDir), 'utf8').catch(() => '{}'));
  const haveEnded = async () => !Object.values(pids).some((pid) => /die-with-parent/.test(commandLineOf(pid)));
  await waitUntil(haveEnded, { what: 'the parts of a killed stack did not end', timeoutMs: 40_000 });
  await removeStackFile(dataDir);
}

/** The process that holds this data directory, and the API's address once its stack is up; undefined when none does. */
export async function runningStack(dataDir: string): Promise<{ pid: number; apiUrl: string | undefined } | undefined> {
  const pid = Number(await readFile(lockOf(dataDir), 'utf8').catch(() => ''));
  if (!isHolder(pid)) return undefined;
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => '{}');
  const { api_url: apiUrl }: Partial<StackInfo> = JSON.parse(text);
  return { pid, apiUrl };
}

/**
 * Makes this process the only one that runs a stack on the data directory; gives the function that ends this.
 * @throws Error when another process does so already, with its address.
 */
export async function claimDataDir(dataDir: string): Promise<() => void> {
  await mkdir(dataDir, { recursive: true });
  const isOurs = claimed.has(path.resolve(dataDir));
  const running = isOurs ? { pid: process.pid, apiUrl: undefined } : await runningStack(dataDir);
  if (running !== undefined) {
    const place = running.apiUrl === undefined ? 'is being started' : `is running at ${running.apiUrl}`;
    throw new Error(
      `A stack of this repository ${place} (process ${running.pid}). Stop that one first (Ctrl-C there).`,
    );
  }
  rmSync(lockOf(dataDir), { force: true }); // Its owner is gone.
  writeFileSync(lockOf(dataDir), String(process.pid), { flag: 'wx', mode: 0o600 });
  claimed.add(path.resolve(dataDir));
  return () => {
    claimed.delete(path.resolve(dataDir));
    rmSync(lockOf(dataDir), { force: true });
  };
}

/** What this process holds: its own id in a lock may also be that of a dead process with the same one. */
const claimed = new Set<string>();

/** Ids are used again, in containers soon: where the system tells, the process must look like one of ours. */
function isHolder(pid: number): boolean {
  if (pid === process.pid || !isAlive(pid)) return false;
  const commandLine = commandLineOf(pid);
  return commandLine === '' || /devstack|vitest|bench/.test(commandLine);
}
