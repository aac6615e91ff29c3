import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { systemVariables } from './environment.ts';
import { pickFreePorts } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { removeDataDir } from './remove-data-dir.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

// npm run types:db              writes shared/src/db/database.types.ts from the migrations
// npm run types:db -- --check   fails when that file is not what the migrations make

const run = promisify(execFile);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const typesFile = path.join(root, 'shared/src/db/database.types.ts');
const isCheck = process.argv.includes('--check');

const made = await generateTypes();
const kept = await readFile(typesFile, 'utf8').catch(() => '');
const name = path.relative(root, typesFile);
if (made === kept) {
  console.log(`${name} is up to date.`);
} else if (isCheck) {
  console.error(`${name} is not what the migrations make. Run: npm run types:db`);
  process.exitCode = 1;
} else {
  await writeFileAtomically(typesFile, made, 0o644);
  console.log(`${name} is written.`);
}

/** Runs the migrations on a throw-away PostgreSQL and describes the tables that came out. */
async function generateTypes(): Promise<string> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'base-types-'));
  try {
    const { postgres: port } = await pickFreePorts();
    const server = await startPostgres({ dataDir, port, password: 'throw-away', isDurable: false });
    try {
      await runMigrations({ databaseUrl: server.url, log: () => {} });
      return await describeTables(server.url, path.join(dataDir, 'types.ts'));
    } finally {
      await server.stop('immediate');
    }
  } finally {
    await removeDataDir(dataDir);
  }
}

async function describeTables(databaseUrl: string, outFile: string): Promise<string> {
  const options = {
    dialect: 'postgres',
    url: databaseUrl,
    'out-file': outFile,
    'default-schema': 'public',
    'include-pattern': 'public.*',
    'numeric-parser': 'string',
    'date-parser': 'string',
    // Amounts and counters fit a number exactly (below 2^53), and the pool parses int8 so; jsonb is checked by zod.
    'type-mapping': JSON.stringify({ int8: 'number', timestamptz: 'Date', jsonb: 'unknown', json: 'unknown' }),
    'log-level': 'error',
  };
  const flags = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  await run(process.execPath, [path.join(root, 'node_modules/kysely-codegen/dist/cli/bin.js'), ...flags], {
    cwd: root,
    env: systemVariables(),
  });
  return readFile(outFile, 'utf8');
}
