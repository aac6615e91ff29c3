import pg from 'pg';

/**
 * Whether Postgres itself refused a statement for what was in it: then it is certain that nothing was written. False for
 * lost connections, shutdowns and lack of resources (SQLSTATE classes 08, 53, 57, 58), where the statement is not to blame.
 */
export function isRefusedByPostgres(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !/^(08|53|57|58)/.test(error.code);
}
