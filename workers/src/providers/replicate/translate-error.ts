import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';
import { errorBodySchema } from './schemas.ts';

/** E005 is what the hosted FLUX models say for flagged prompts and pictures. */
const refusalWords = /nsfw|sensitive|flagged|safety|moderat|content policy|\bE005\b/i;
/** How the throttle tells its wait when there is no Retry-After. */
const resetWords = /resets? in ~?(\d+)\s*s/i;

/** Why a create call was refused; null when the answer does not prove that nothing was bought. */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  const code = codeOfStatus(status);
  if (code !== 'invalid_input') return code;
  const detail = errorBodySchema.safeParse(body).data?.detail ?? '';
  // 422 is also the answer to a version that is not there any more.
  return /specified version does not exist|invalid version/i.test(detail) ? 'model_gone' : code;
}

/** The wait in milliseconds that a throttled answer names in its text. */
export function retryAfterMsOf({ status, body }: Answered): number | undefined {
  if (status !== 429) return undefined;
  const seconds = resetWords.exec(errorBodySchema.safeParse(body).data?.detail ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Why an accepted prediction failed, from its error text. */
export function translateFailure(error: string): JobErrorCode {
  return refusalWords.test(error) ? 'content_refused' : 'provider_failed';
}
