import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';
import { errorBodySchema } from './schemas.ts';

const refusalWords = /nsfw|inappropriate|content policy|moderation/i;

/** Why a create call was refused; null when the answer does not prove that nothing was bought. */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  const code = codeOfStatus(status);
  if (code !== 'invalid_input') return code;
  return refusalWords.test(errorBodySchema.safeParse(body).data?.message ?? '') ? 'content_refused' : code;
}
