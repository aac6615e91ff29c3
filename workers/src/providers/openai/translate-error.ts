import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';
import { errorBodySchema } from './schemas.ts';

const billingCodes = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);
const refusalCodes = new Set([
  'moderation_blocked',
  'content_policy_violation',
  'image_content_policy_violation',
  'invalid_prompt',
]);

/** Why a paid call was refused; null when the answer does not prove that nothing was bought. */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  const byStatus = codeOfStatus(status);
  const error = errorBodySchema.safeParse(body).data?.error;
  if (byStatus === null || !error) return byStatus;
  const { code, type, param, message } = error;
  // An empty account is a 429 too, but waiting does not fill it.
  if (billingCodes.has(code ?? '') || billingCodes.has(type ?? '')) return 'provider_billing';
  if (refusalCodes.has(code ?? '') || /rejected by the safety system/i.test(message ?? '')) return 'content_refused';
  if (code === 'model_not_found' || (status === 400 && param === 'model')) return 'model_gone';
  return byStatus;
}

/** The status of an error that came as an event of a stream, by its code; 500 for what is no refusal. */
export function statusOfError(code: unknown): number {
  if (typeof code !== 'string') return 500;
  if (code === 'rate_limit_exceeded' || billingCodes.has(code)) return 429;
  return refusalCodes.has(code) ? 400 : 500;
}
