import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { DB } from './database.types.ts';

export type Db = Kysely<DB>;

export interface Database {
  /** Ordinary queries. */
  db: Db;
  /** The functions of the job life cycle, one plain call each. */
  pool: pg.Pool;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  poolMax: number;
  applicationName: string;
  /** How long to wait for an answer; the connection is given up then, so that a frozen server hangs nobody. */
  queryTimeoutMs?: number;
  /** Called for connections that break; a query under way fails with the same error. */
  onError: (error: Error) => void;
}

// Amounts and counters stay far below 2^53; numeric and date keep their text, which is exact.
const parsers: Record<number, (text: string) => unknown> = {
  [pg.types.builtins.INT8]: Number,
  [pg.types.builtins.NUMERIC]: (text) => text,
  [pg.types.builtins.DATE]: (text) => text,
};
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (format !== 'binary' && parsers[oid]) || pg.types.getTypeParser(oid, format),
};

/**
 * Opens a pool that works through a transaction-mode pooler: no named statements, no session state.
 * A query time-out does not stop the statement, which may still commit: whatever writes is safe to repeat by its key.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolMax,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    ...(options.queryTimeoutMs === undefined ? {} : { query_timeout: options.queryTimeoutMs }),
    keepAlive: true,
    // Queries sent without waiting for the one before share a round trip; a connection taken for one query works as ever.
    pipeline: true,
    maxLifetimeSeconds: 1_800,
    types,
  });
  pool.on('error', options.onError);
  // One that breaks between being taken and its first query has no other listener, and would end the process.
  pool.on('connect', (client) => client.on('error', options.onError));
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    pool,
    async close() {
      await db.destroy();
      // Kysely ends the pool only if it has ever used it.
      if (!pool.ended) await pool.end();
    },
  };
}
