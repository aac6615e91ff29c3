import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { refugeOf } from './postgres-home.ts';
import { stopLeftovers } from './remove-data-dir.ts';
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
const isOfRunningTests = async (name: string) =>
  name.startsWith('test-') && (await runningStack(path.join(dataDir, name))) !== undefined;
await stopLeftovers(dataDir);
for (const name of names.filter((candidate) => !kept.includes(candidate))) {
  if (await isOfRunningTests(name)) continue;
  await rm(path.join(dataDir, name), { recursive: true, force: true });
  console.log(`deleted .data/${name}`);
}
const refuge = refugeOf(dataDir);
if (existsSync(refuge)) {
  await rm(refuge, { recursive: true, force: true });
  console.log(`deleted ${refuge}`);
}
if (names.every((name) => kept.includes(name))) console.log('There was nothing to delete.');
