import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How to start a Redis (or Valkey) server on this machine. */
export type RedisProgram = { kind: 'file'; file: string; libraryPath: string | undefined } | { kind: 'docker' };

export interface RedisSearch {
  /** Environment of the search; its PATH decides what is found. */
  env: Record<string, string>;
  /** Where the distribution's packages are unpacked, and found again the next time. */
  distDir: string;
  report(line: string): void;
}

const howToInstall = `Redis is needed and was not found. Install it once and run the command again:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install valkey
  Arch             sudo pacman -S valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
or start Docker, or set REDIS_URL to a Redis that runs already.`;

/**
 * Finds a Redis server: on PATH, in the packages unpacked earlier, in the distribution's packages (downloaded and
 * unpacked without root, nothing is installed), in Docker.
 * @throws Error saying how to install one.
 */
export async function findRedis(search: RedisSearch): Promise<RedisProgram> {
  const onPath = await findOnPath(search.env);
  if (onPath !== undefined) return { kind: 'file', file: onPath, libraryPath: undefined };
  const unpacked = (await findUnpacked(search)) ?? (await unpackPackages(search));
  if (unpacked !== undefined) return unpacked;
  if (await dockerWorks(search.env)) return { kind: 'docker' };
  throw new Error(howToInstall);
}

async function findOnPath(env: Record<string, string>): Promise<string | undefined> {
  const dirs = (env.PATH ?? '').split(path.delimiter).filter((dir) => dir !== '');
  for (const name of ['redis-server', 'valkey-server']) {
    for (const dir of dirs) {
      const file = path.join(dir, name);
      if (existsSync(file) && (await complaintOf(file, env)) === undefined) return file;
    }
  }
  return undefined;
}

/** Runs `--version`; undefined when it works, else what it says (a missing library is named there). */
async function complaintOf(file: string, env: Record<string, string>): Promise<string | undefined> {
  try {
    const { stdout } = await run(file, ['--version'], { env, timeout: 5_000 });
    return stdout.includes('v=') ? undefined : stdout;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const families = [
  { server: 'redis-server', packages: ['redis-server', 'redis-tools'] },
  { server: 'valkey-server', packages: ['valkey-server', 'valkey-tools'] },
];

async function findUnpacked({ env, distDir }: RedisSearch): Promise<RedisProgram | undefined> {
  for (const { server } of families) {
    const program = await unpackedProgram(path.join(distDir, server), server);
    if ((await complaintOf(program.file, withLibraries(env, program.libraryPath))) === undefined) return program;
  }
  return undefined;
}

async function unpackedProgram(dir: string, server: string) {
  const libraryDirs: string[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    const names = await readdir(path.join(dir, parent)).catch(() => []);
    libraryDirs.push(...names.map((name) => path.join(dir, parent, name)));
  }
  const libraryPath = libraryDirs.filter((name) => /-linux-/.test(name)).join(':');
  return { kind: 'file' as const, file: path.join(dir, 'usr/bin', server), libraryPath };
}

/** The environment with the unpacked libraries before the system's. */
export function withLibraries(env: Record<string, string>, libraryPath: string | undefined): Record<string, string> {
  if (!libraryPath) return env;
  return { ...env, LD_LIBRARY_PATH: [libraryPath, env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

/** Which package brings a library; several names because Debian and Ubuntu renamed some of them. */
const packagesOfLibrary: Record<string, string[]> = {
  'libjemalloc.so.2': ['libjemalloc2'],
  'liblzf.so.1': ['liblzf1'],
  'liblua5.1.so.0': ['liblua5.1-0'],
  'libhiredis.so.1.1.0': ['libhiredis1.1.0'],
  'libhiredis.so.0.14': ['libhiredis0.14'],
  'libssl.so.3': ['libssl3t64', 'libssl3'],
  'libssl.so.1.1': ['libssl1.1'],
  'libcrypto.so.3': ['libssl3t64', 'libssl3'],
  'libsystemd.so.0': ['libsystemd0'],
  'libatomic.so.1': ['libatomic1'],
  'liblzma.so.5': ['liblzma5'],
  'liblz4.so.1': ['liblz4-1'],
  'libgcrypt.so.20': ['libgcrypt20'],
  'libcap.so.2': ['libcap2'],
};

/** Downloads and unpacks the distribution's package; undefined where there is no apt or none of it works. */
async function unpackPackages(search: RedisSearch): Promise<RedisProgram | undefined> {
  const { env, distDir } = search;
  if ((await run('dpkg', ['--version'], { env }).catch(() => undefined)) === undefined) return undefined;
  search.report('Redis is not installed: unpacking the distribution’s package into .data (nothing is installed)');
  const workDir = path.join(distDir, `unfinished-${process.pid}`);
  const fetcher = aptFetcher(env, path.join(distDir, `apt-${process.pid}`));
  try {
    for (const family of families) {
      await mkdir(workDir, { recursive: true });
      const program = await unpackFamily(family, workDir, fetcher, env).catch(() => undefined);
      if (program !== undefined) {
        const target = path.join(distDir, family.server);
        await rm(target, { recursive: true, force: true });
        await rename(workDir, target);
        return await unpackedProgram(target, family.server);
      }
      await rm(workDir, { recursive: true, force: true });
    }
    return undefined;
  } finally {
    await rm(workDir, { recursive: true, force: true });
    await fetcher.clean();
  }
}

/** Unpacks server and tools, then adds the package of each library that the server says it misses. */
async function unpackFamily(
  family: (typeof families)[number],
  workDir: string,
  fetcher: ReturnType<typeof aptFetcher>,
  env: Record<string, string>,
) {
  for (const name of family.packages) await fetcher.unpack([name], workDir);
  for (let round = 0; round < 12; round += 1) {
    const program = await unpackedProgram(workDir, family.server);
    const complaint = await complaintOf(program.file, withLibraries(env, program.libraryPath));
    if (complaint === undefined) return program;
    const library = /loading shared libraries: (\S+):/.exec(complaint)?.[1] ?? '';
    const names = packagesOfLibrary[library];
    if (names === undefined) throw new Error(complaint);
    await fetcher.unpack(names, workDir);
  }
  throw new Error(`${family.server} still misses libraries`);
}

/** Downloads packages with the system's package lists, or with fresh ones of our own where those do not serve. */
function aptFetcher(env: Record<string, string>, aptDir: string) {
  let ownLists: string[] | undefined;
  const apt = (args: string[], cwd: string) => run('apt-get', ['-qq', ...args], { env, cwd, timeout: 180_000 });
  const useOwnLists = async () => {
    await mkdir(path.join(aptDir, 'lists/partial'), { recursive: true });
    await mkdir(path.join(aptDir, 'cache/archives/partial'), { recursive: true });
    const dirs = { 'Dir::State::lists': `${aptDir}/lists`, 'Dir::Cache': `${aptDir}/cache` };
    const settings = Object.entries(dirs).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    // apt would change to its own user, who may not write here.
    ownLists = process.getuid?.() === 0 ? [...settings, '-o', 'APT::Sandbox::User=root'] : settings;
    await apt([...ownLists, 'update'], aptDir).catch(() => {}); // A single broken source must not spoil the others.
  };
  const download = async (name: string, cwd: string) => {
    try {
      await apt([...(ownLists ?? []), 'download', name], cwd);
    } catch (error) {
      if (ownLists !== undefined) throw error;
      await useOwnLists();
      await apt([...(ownLists ?? []), 'download', name], cwd);
    }
  };
  /** Unpacks the first of the named packages that exists. */
  const unpack = async (names: string[], workDir: string) => {
    const downloadDir = path.join(aptDir, 'download');
    await mkdir(downloadDir, { recursive: true });
    for (const name of names) {
      const isDownloaded = await download(name, downloadDir).then(
        () => true,
        () => false,
      );
      if (!isDownloaded) continue;
      for (const file of await readdir(downloadDir)) {
        await run('dpkg', ['-x', path.join(downloadDir, file), workDir], { env });
        await rm(path.join(downloadDir, file));
      }
      return;
    }
    throw new Error(`no package of these names could be downloaded: ${names.join(', ')}`);
  };
  return { unpack, clean: () => rm(aptDir, { recursive: true, force: true }) };
}

async function dockerWorks(env: Record<string, string>): Promise<boolean> {
  return run('docker', ['info', '--format', '{{.ServerVersion}}'], { env, timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}
