import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';
import { errorBodySchema } from './schemas.ts';

/** https://elevenlabs.io/docs/developers/resources/errors, and observed ones. The HTTP status alone would mislead. */
const codes: Readonly<Record<string, JobErrorCode>> = {
  quota_exceeded: 'provider_billing',
  insufficient_credits: 'provider_billing',
  payment_required: 'provider_billing',
  subscription_required: 'provider_billing',
  invalid_api_key: 'provider_auth',
  missing_permissions: 'provider_auth',
  detected_unusual_activity: 'provider_auth',
  max_character_limit_exceeded: 'invalid_input',
  voice_not_found: 'invalid_input',
  invalid_uid: 'invalid_input',
  model_not_found: 'model_gone',
  bad_prompt: 'content_refused',
  content_against_policy: 'content_refused',
  content_moderated: 'content_refused',
  too_many_concurrent_requests: 'provider_rate_limited',
  system_busy: 'provider_rate_limited',
};

/** Why a paid call was refused; null when the answer does not prove that nothing was bought. */
export function translateError(answer: Answered): JobErrorCode | null {
  const byStatus = codeOfStatus(answer.status);
  const name = errorName(answer);
  if (byStatus === null || name === null) return byStatus;
  // What a plan does not include, such as `only_for_creator+`.
  if (name.startsWith('only_for_')) return 'provider_billing';
  return codes[name] ?? byStatus;
}

/** Whether a free request was answered with a history item not being there. */
export function isMissingItem(answer: Answered): boolean {
  return answer.status === 404 || errorName(answer) === 'history_item_not_found';
}

function errorName({ body }: Answered): string | null {
  const detail = errorBodySchema.safeParse(body).data?.detail;
  return detail?.status ?? detail?.code ?? null;
}
