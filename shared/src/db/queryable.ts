import type pg from 'pg';

/** What the wrappers of the database's functions need: a pool, or one connection in a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;
