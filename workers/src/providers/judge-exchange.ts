import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type * as z from 'zod';
import { type Answered, detailOf, type Exchange, isSuccess } from './exchange.ts';
import { type KeyVerdict, ProviderUnreachable, type SubmitResult } from './provider.ts';

/** What the status of a refused paid request says by itself; null when it does not prove that nothing was bought. */
export function codeOfStatus(status: number): JobErrorCode | null {
  switch (status) {
    case 401:
    case 403:
      return 'provider_auth';
    case 402:
      return 'provider_billing';
    case 404:
    case 410:
      return 'model_gone';
    case 429:
      return 'provider_rate_limited';
    case 503:
      return 'provider_unavailable';
    // The server may have started on the request before it answered one of these.
    case 408:
    case 409:
    case 425:
      return null;
    default:
      return status >= 400 && status < 500 ? 'invalid_input' : null;
  }
}

/**
 * The result of a paid request that was not answered with a readable success.
 * @param translate gives the provider's own reading of an answer; null when it does not prove that nothing was bought.
 */
export function judgeFailedSubmit(
  exchange: Exchange,
  translate: (answer: Answered) => JobErrorCode | null,
): SubmitResult {
  const detail = detailOf(exchange);
  if (exchange.kind === 'not_sent') return { kind: 'rejected', failure: { code: 'provider_unavailable', detail } };
  if (exchange.kind === 'lost') return { kind: 'unknown', detail };
  // A 2xx that could not be read has no code either.
  const code = translate(exchange);
  if (code === null) return { kind: 'unknown', detail };
  const { retryAfterMs } = exchange;
  return { kind: 'rejected', failure: { code, detail, ...(retryAfterMs !== undefined && { retryAfterMs }) } };
}

/** The result when the caller gave up before anything was sent. */
export const stoppedBeforeSending: SubmitResult = {
  kind: 'rejected',
  failure: { code: 'provider_unavailable', detail: 'stopped before the request was sent' },
};

/**
 * Reads the answer to a free request; null when the provider does not know the thing (any more).
 * @throws ProviderUnreachable for everything that is no verdict: network, 429, 5xx, a refused key, an unreadable answer.
 */
export function readFreeAnswer<T>(exchange: Exchange, schema: z.ZodType<T>): T | null {
  if (exchange.kind === 'answered' && (exchange.status === 404 || exchange.status === 410)) return null;
  if (isSuccess(exchange)) {
    const parsed = schema.safeParse(exchange.body);
    if (parsed.success) return parsed.data;
  }
  throw unreachable(exchange);
}

/**
 * What the answer to a free request says about the key.
 * @throws ProviderUnreachable for everything that is neither a success nor a refusal of the key.
 */
export function judgeKey(exchange: Exchange): KeyVerdict {
  if (exchange.kind === 'answered' && (exchange.status === 401 || exchange.status === 403)) {
    return { isValid: false, detail: detailOf(exchange) };
  }
  if (isSuccess(exchange)) return { isValid: true };
  throw unreachable(exchange);
}

/** The error for a free request whose answer is no verdict. */
export function unreachable(exchange: Exchange): ProviderUnreachable {
  const retryAfterMs = exchange.kind === 'answered' ? exchange.retryAfterMs : undefined;
  return new ProviderUnreachable(detailOf(exchange), retryAfterMs === undefined ? {} : { retryAfterMs });
}
