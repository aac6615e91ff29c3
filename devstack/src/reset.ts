import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { refugesOf } from './postgres-home.ts';
import { removeDataDir, stopLeftovers } from './remove-data-dir.ts';
import { runningStack } from './stack-file.ts';

// npm run reset: forgets all local data. What was downloaded, and the lock of an install under way, stay.

const dataDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../.data');
const kept = ['redis-dist', 'install.lock'];

const running = await runningStack(dataDir);
if (running !== undefined) {
  console.error(`A stack is running (process ${running.pid}). Stop it first: Ctrl-C where it was started.`);
  process.exit(1);
}
const names = existsSync(dataDir) ? await readdir(dataDir) : [];
await stopLeftovers(dataDir);
for (const name of names.filter((candidate) => !kept.includes(candidate))) {
  // Tests have data directories of their own in here; those of a run under way are left to it.
  if ((await runningStack(path.join(dataDir, name))) !== undefined) continue;
  await removeDataDir(path.join(dataDir, name));
  console.log(`deleted .data/${name}`);
}
for (const refuge of await refugesOf(dataDir)) {
  if (!existsSync(refuge)) continue;
  await rm(refuge, { recursive: true, force: true });
  console.log(`deleted ${refuge}`);
}
if (names.every((name) => kept.includes(name))) console.log('There was nothing to delete.');
