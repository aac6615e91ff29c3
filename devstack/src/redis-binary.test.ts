import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findRedis, type RedisSearch } from './redis-binary.ts';
import { temporaryDir } from './temporary-dir.ts';

const works = 'echo "Redis server v=7.0.15"';

/** A machine whose PATH holds nothing but these programs, given as shell scripts. */
function machineWith(programs: Record<string, string>): RedisSearch {
  const dir = temporaryDir();
  const bin = path.join(dir, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { env: { PATH: bin }, distDir: path.join(dir, 'dist'), report: () => {} };
}

const onPath = (search: RedisSearch, name: string) => path.join(search.env.PATH ?? '', name);
const fileOf = async (search: RedisSearch) => {
  const program = await findRedis(search);
  return program.kind === 'file' ? program.file : program.kind;
};

it('prefers redis-server on PATH to valkey-server and Docker', async () => {
  const search = machineWith({ 'redis-server': works, 'valkey-server': works, docker: 'exit 0' });
  expect(await fileOf(search)).toBe(onPath(search, 'redis-server'));
});

it('takes valkey-server when redis-server is missing or broken', async () => {
  const search = machineWith({ 'redis-server': 'exit 127', 'valkey-server': works });
  expect(await fileOf(search)).toBe(onPath(search, 'valkey-server'));
});

// /usr/bin is needed by the scripts below for mkdir and cp; a Redis installed there would be found first.
const hasOwnRedis = ['redis-server', 'valkey-server'].some((name) => existsSync(`/usr/bin/${name}`));

it('unpacks the distribution’s package with the libraries it misses, and finds it again', {
  skip: hasOwnRedis,
}, async () => {
  const server = `case "$LD_LIBRARY_PATH" in *x86_64-linux-gnu*) ${works};; *)
    echo "error while loading shared libraries: liblzf.so.1: cannot open" >&2; exit 127;; esac`;
  const search = machineWith({
    'apt-get': '[ "$2" = download ] && : > "$3.deb"',
    dpkg: `[ "$1" = -x ] || exit 0
case "$2" in
  *redis-server.deb) mkdir -p "$3/usr/bin"; printf '%s\\n' '#!/bin/sh' '${server.replaceAll('\n', ' ')}' > "$3/usr/bin/redis-server"; chmod 755 "$3/usr/bin/redis-server";;
  *liblzf1.deb) mkdir -p "$3/usr/lib/x86_64-linux-gnu";;
esac`,
  });
  const aptGet = onPath(search, 'apt-get');
  search.env.PATH += ':/usr/bin:/bin';
  const unpacked = path.join(search.distDir, 'redis-server/usr/bin/redis-server');
  expect(await fileOf(search)).toBe(unpacked);
  writeFileSync(aptGet, '#!/bin/sh\nexit 100\n');
  expect(await fileOf(search)).toBe(unpacked);
});

it('uses Docker only when nothing else is there', async () => {
  expect(await fileOf(machineWith({ docker: 'exit 0' }))).toBe('docker');
});

it('says how to install Redis when there is no way to run one', async () => {
  const search = machineWith({ docker: 'exit 1' });
  await expect(findRedis(search)).rejects.toThrow(
    /apt-get install redis-server[\s\S]*brew install redis[\s\S]*REDIS_URL/,
  );
});
