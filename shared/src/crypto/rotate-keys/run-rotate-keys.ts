import { loadConfig } from '../../config/load-config.ts';
import { openDatabase } from '../../db/database.ts';
import { createSecretBox } from '../secret-box.ts';
import { rotateKeys } from './rotate-keys.ts';

// npm run keys:rotate, with the environment of an API node or a worker. The procedure is in docs/operations.md.
const print = (line: string) => process.stdout.write(`${line}\n`);
try {
  const config = loadConfig();
  const database = openDatabase({
    url: config.DATABASE_URL,
    poolMax: 1,
    applicationName: 'base-rotate-keys',
    onError: () => {}, // The query under way fails too, and says why.
  });
  const onProgress = (rotated: number) => print(`${rotated} provider keys encrypted anew so far`);
  const { rotated, failed } = await rotateKeys({
    pool: database.pool,
    secretBox: createSecretBox(config.MASTER_KEYS),
    onProgress,
  }).finally(() => database.close());
  for (const [id, reason] of failed) print(`provider key ${id} could not be opened: ${reason}`);
  print(`${rotated} provider keys encrypted anew, ${failed.size} could not be opened`);
  if (failed.size > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
