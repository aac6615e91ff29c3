import { ApiError } from '@base/shared/errors/api-error';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Lists run newest first by id: ids are UUID v7, so this is the order of creation, and one comparison finds the next
 * page however many rows came in since. Clients see an opaque word.
 */
export function encodeCursor(id: string): string {
  return Buffer.from(`1:${id}`).toString('base64url');
}

/** The id that the page begins below. @throws ApiError invalid_cursor */
export function decodeCursor(cursor: string): string {
  const [version, id] = Buffer.from(cursor, 'base64url').toString('latin1').split(':', 2);
  if (version !== '1' || id === undefined || !uuid.test(id)) {
    throw new ApiError('invalid_cursor', { detail: 'Use next_cursor of the page before, unchanged.' });
  }
  return id;
}
