import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import * as z from 'zod';
import type { Answered } from '../exchange.ts';
import { codeOfStatus } from '../judge-exchange.ts';

const errorBodySchema = z.object({
  error: z.object({
    message: z.string().nullish(),
    // Only a refusal for its content names reasons.
    metadata: z.object({ reasons: z.array(z.unknown()).nullish(), patterns: z.array(z.unknown()).nullish() }).nullish(),
  }),
});

/**
 * Why a paid call was refused; null when the answer does not prove that nothing was bought.
 * https://openrouter.ai/docs/api/reference/errors-and-debugging
 */
export function translateError({ status, body }: Answered): JobErrorCode | null {
  // The machines behind the model are full: it did not begin.
  if (status === 529) return 'provider_rate_limited';
  const byStatus = codeOfStatus(status);
  const error = errorBodySchema.safeParse(body).data?.error;
  if (byStatus === null || !error) return byStatus;
  if (status === 403 && (error.metadata?.reasons || error.metadata?.patterns)) return 'content_refused';
  if (status === 400 && /not a valid model ID/i.test(error.message ?? '')) return 'model_gone';
  return byStatus;
}

/** The status of an error that came as an event of a stream: its code is one. */
export function statusOfError(code: unknown): number {
  return typeof code === 'number' && code >= 400 && code < 600 ? code : 500;
}
