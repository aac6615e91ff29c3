import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';
import { errorBodySchema } from './schemas.ts';

/** An account without money is locked, and its key refused. */
const emptyAccountWords = /balance|locked/i;

/** Why a submit was refused; null when the answer does not prove that nothing was bought. */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  const code = codeOfStatus(status);
  const detail = errorBodySchema.safeParse(body).data?.detail;
  if (code === 'provider_auth' && typeof detail === 'string' && emptyAccountWords.test(detail))
    return 'provider_billing';
  return code === 'invalid_input' && isRefusal(detail) ? 'content_refused' : code;
}

/**
 * What the answer to the call for a result says about a request that is over.
 * @returns null when it is no verdict on the request, but trouble with the call.
 */
export function translateFailure({ status, body }: Answered): JobErrorCode | 'canceled' | null {
  const error = errorBodySchema.safeParse(body).data;
  if (!error) return null;
  if (error.error_type === 'client_cancelled') return 'canceled';
  if (error.error_type) return error.error_type === 'bad_request' ? 'invalid_input' : 'provider_failed';
  if (isRefusal(error.detail)) return 'content_refused';
  if (status === 422) return 'invalid_input';
  return typeof error.detail === 'string' ? null : 'provider_failed';
}

function isRefusal(detail: string | { type: string }[] | undefined): boolean {
  return Array.isArray(detail) && detail.some(({ type }) => type === 'content_policy_violation');
}
