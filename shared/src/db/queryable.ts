import type pg from 'pg';

/** What the wrappers of the database's functions need: a pool, or one connection in a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

/** What single statements need: a pool, a connection, or whatever runs them in somebody's name. */
export interface Statements {
  query<R extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<{ rows: R[] }>;
}
