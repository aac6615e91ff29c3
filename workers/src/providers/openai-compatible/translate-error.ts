import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';

const refusalWords = /content (filter|policy)|moderation/i;

/** Why a call was refused, whoever made the server; null when the answer does not prove that nothing was done. */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  // TGI's word for a generation that broke.
  if (status === 424) return null;
  const byStatus = codeOfStatus(status);
  if (byStatus !== 'invalid_input') return byStatus;
  return refusalWords.test(JSON.stringify(body) ?? '') ? 'content_refused' : byStatus;
}

/** Errors that come as events of a stream are those of the generation: 500, except for what says its own status. */
export function statusOfError(code: unknown): number {
  return typeof code === 'number' && code >= 400 && code < 600 ? code : 500;
}
