import type { DB } from '@base/shared/db/database.types';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult as Result,
} from 'kysely';
import type { Pool, QueryResult, QueryResultRow } from 'pg';

/** Who changes something, as the audit log keeps it. */
export interface Actor {
  type: 'user' | 'api_key' | 'anonymous' | 'webhook';
  /** The person, or the API key; null for somebody who has not signed in. */
  id: string | null;
  ipAddress: string;
  userAgent: string | null;
  requestId: string;
}

/** Changes data in the name of somebody: each statement is a transaction whose audit rows name the actor. */
export interface Writer {
  query<R extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<QueryResult<R>>;
  readonly db: Kysely<DB>;
  /** The same in the name of a person who has just proved, in this very request, to be one. */
  as(userId: string): Writer;
}

/**
 * Opens a writer for an actor. The four messages of a transaction are sent at once (the pool's connections are in
 * pipeline mode), so that saying who acts costs no round trip; and no session keeps anything, so it goes through poolers.
 */
export function createWriter(pool: Pool, actor: Actor): Writer {
  const query = <R extends QueryResultRow>(text: string, values: readonly unknown[]) =>
    runAs<R>(pool, actor, text, values);
  return {
    query,
    as: (userId) => createWriter(pool, { ...actor, type: 'user', id: userId }),
    get db() {
      return new Kysely<DB>({
        dialect: {
          createAdapter: () => new PostgresAdapter(),
          createDriver: () => createDriver(query),
          createIntrospector: (db) => new PostgresIntrospector(db),
          createQueryCompiler: () => new PostgresQueryCompiler(),
        },
      });
    },
  };
}

async function runAs<R extends QueryResultRow>(
  pool: Pool,
  actor: Actor,
  text: string,
  values: readonly unknown[],
): Promise<QueryResult<R>> {
  const { type, id, ipAddress: ip_address, userAgent: user_agent, requestId: request_id } = actor;
  const client = await pool.connect();
  let failure: unknown;
  try {
    const [begun, named, changed, committed] = await Promise.allSettled([
      client.query('begin'),
      client.query('select private.act_as($1)', [JSON.stringify({ type, id, ip_address, user_agent, request_id })]),
      client.query<R>(text, [...values]),
      client.query('commit'),
    ]);
    // The first to fail is the reason; what came after it was refused because of it.
    for (const answer of [begun, named, changed, committed]) {
      if (answer.status === 'rejected') throw answer.reason;
    }
    if (changed.status === 'rejected') throw changed.reason;
    return changed.value;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    client.release(isBroken(failure));
  }
}

/** Anything but an error that Postgres itself reported leaves the transaction's end unknown: that connection goes. */
function isBroken(failure: unknown): boolean {
  return failure !== undefined && !(failure instanceof Error && 'severity' in failure);
}

function createDriver(query: Writer['query']): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<Result<R>> {
      const { rows, rowCount } = await query(sql, parameters);
      // Kysely's own types say what the rows of its query are.
      return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) };
    },
    streamQuery: refuse,
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => {},
  };
}

/** What takes several statements is a function of the database. */
function refuse(): never {
  throw new Error('a writer runs single statements');
}
