import { ApiError } from '@base/shared/errors/api-error';

const retryAfterSeconds = 5;

/** SQLSTATE classes that say "not now": connection, resources, operator intervention, lock and statement time-outs. */
const unavailableSqlState = /^(08|53|57|58|55P03|40001|40P01)/;
const unavailableSystemCode = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
// Sentences of pg and ioredis for lost connections, which carry no code.
const unavailableMessage =
  /no answer within \d+ ms|timeout exceeded when trying to connect|Connection terminated|connection timeout|Query read timeout|Connection is closed|Stream isn't writeable|max retries per request|Command timed out|not queryable/i;
// 22P05 and 22021: text that Postgres cannot store slipped past the check of the request.
const badTextSqlState = new Set(['22P05', '22021']);

/** A store's error as an answer, or null when it is not one of them: then it is a fault of ours. */
export function translateStoreError(error: unknown): ApiError | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (badTextSqlState.has(code)) return new ApiError('invalid_request', { cause: error });
  const isUnavailable =
    unavailableSystemCode.has(code) || (/^[0-9A-Z]{5}$/.test(code) && unavailableSqlState.test(code));
  if (isUnavailable || unavailableMessage.test(error.message)) {
    return new ApiError('service_unavailable', { retryAfterSeconds, cause: error });
  }
  return null;
}

/** The unique constraint that a write ran into, or null when that is not what went wrong. */
export function violatedConstraint(error: unknown): string | null {
  return constraintOf(error, '23505');
}

/** The foreign key that a write broke, or null. */
export function brokenReference(error: unknown): string | null {
  return constraintOf(error, '23503');
}

function constraintOf(error: unknown, sqlState: string): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('constraint' in error)) return null;
  return error.code === sqlState && typeof error.constraint === 'string' ? error.constraint : null;
}
