import { decodeCursor, encodeCursor } from './cursor.ts';

interface Page<T> {
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

/** What a list query needs: one row more than asked for tells whether there is another page. */
export function readPage(query: { limit: number; cursor?: string | undefined }): {
  take: number;
  below: string | null;
} {
  return { take: query.limit + 1, below: query.cursor === undefined ? null : decodeCursor(query.cursor) };
}

/** Builds the wire page from up to `limit + 1` rows. */
export function presentPage<R extends { id: string }, T>(
  rows: readonly R[],
  limit: number,
  present: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit;
  return {
    data: shown.map(present),
    has_more: hasMore,
    next_cursor: hasMore && last !== undefined ? encodeCursor(last.id) : null,
  };
}
