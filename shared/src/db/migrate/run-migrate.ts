import { parseArgs } from 'node:util';
import { readDatabaseUrl } from '../../config/load-config.ts';
import { runMigrations } from './run-migrations.ts';

// npm run migrate [-- --database-url postgres://…]
const { values } = parseArgs({ options: { 'database-url': { type: 'string' } } });
try {
  await runMigrations({
    databaseUrl: values['database-url'] ?? readDatabaseUrl(),
    log: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write('the database is up to date\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
