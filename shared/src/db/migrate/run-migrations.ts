import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

const supabaseFolder = path.resolve(import.meta.dirname, '../../../../supabase');
const historyTable = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);`;
/** Any number, the same in every process that migrates. */
const lockId = 4_207_849_484;

export interface Migration {
  version: string;
  name: string;
  sql: string;
}

export class MigrationError extends Error {
  override name = 'MigrationError';
}

/** The migration files in order; named as the Supabase CLI names them: `<version>_<name>.sql`. */
export async function readMigrations(): Promise<Migration[]> {
  const folder = path.join(supabaseFolder, 'migrations');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const [, version, name] = /^(\d{14})_(.+)\.sql$/.exec(file) ?? [];
      if (!version || !name) throw new MigrationError(`supabase/migrations/${file} is not named <version>_<name>.sql`);
      return { version, name, sql: await readFile(path.join(folder, file), 'utf8') };
    }),
  );
}

/**
 * Brings a database up to date; on plain PostgreSQL it first makes what Supabase would have. Safe when several nodes
 * start at once: each file is one transaction under a lock that all of them take.
 * @throws MigrationError when an applied file has been edited, with what to do.
 */
export async function runMigrations(options: { databaseUrl: string; log?: (line: string) => void }): Promise<void> {
  const log = options.log ?? (() => {});
  const client = new pg.Client({ connectionString: options.databaseUrl, application_name: 'base-migrate' });
  await client.connect();
  try {
    await inTransaction(client, async () => {
      const { rows } = await client.query("select to_regnamespace('auth') is null as missing");
      if (rows[0].missing) {
        log('plain PostgreSQL: making the roles and the auth schema that Supabase has');
        await client.query(await readFile(path.join(supabaseFolder, 'platform.sql'), 'utf8'));
      }
      await client.query(historyTable);
    });
    for (const migration of await readMigrations()) await apply(client, migration, log);
  } finally {
    await client.end();
  }
}

/** Names of files not applied yet. Reads only. */
export async function pendingMigrations(db: {
  query(sql: string): Promise<{ rows: { version: string }[] }>;
}): Promise<string[]> {
  const migrations = await readMigrations();
  const applied = await db
    .query('select version from supabase_migrations.schema_migrations')
    .then((result) => new Set(result.rows.map((row) => row.version)))
    .catch((error: unknown) => {
      // Undefined table or schema: nothing has been applied.
      if (error instanceof pg.DatabaseError && (error.code === '42P01' || error.code === '3F000'))
        return new Set<string>();
      throw error;
    });
  return migrations.filter((migration) => !applied.has(migration.version)).map((migration) => migration.name);
}

async function apply(client: pg.Client, migration: Migration, log: (line: string) => void): Promise<void> {
  await inTransaction(client, async () => {
    const { rows } = await client.query<{ statements: string[] | null }>(
      'select statements from supabase_migrations.schema_migrations where version = $1',
      [migration.version],
    );
    const applied = rows[0];
    if (applied) {
      if (applied.statements?.length === 1 && applied.statements[0] !== migration.sql) {
        throw new MigrationError(
          `${migration.version}_${migration.name} was edited after it had been applied to this database. Before the first ` +
            'release migrations are edited in place: run `npm run reset` to make the local database anew.',
        );
      }
      return;
    }
    await client.query(migration.sql);
    await client.query(
      'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
      [migration.version, migration.name, [migration.sql]],
    );
    log(`applied ${migration.version}_${migration.name}`);
  });
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [lockId]);
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // The connection may be gone; the first error is the one that counts.
    throw error;
  }
}
