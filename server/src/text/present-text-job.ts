import { isFinal, textOutput } from '@base/shared/contracts/jobs';
import type { TextJob } from '@base/shared/contracts/text';
import type * as z from 'zod';
import { jobUrls, presentError, presentTokens, toIso, toIsoOrNull, toUsd } from '../admission/job-fields.ts';
import type { JobRow } from '../admission/job-row.ts';

/** What of a text job its answer needs. */
export const textJobColumns = [
  'id',
  'status',
  'provider',
  'model',
  'output',
  'error_code',
  'credits_held',
  'credits_charged',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'created_at',
  'completed_at',
] as const satisfies readonly (keyof JobRow)[];

export type TextJobRow = Pick<JobRow, (typeof textJobColumns)[number]>;

/** The job on the wire without its input and output: the one would repeat what was sent, the other stands beside it. */
export function presentTextJob(row: TextJobRow, publicUrl: string): TextJob {
  return {
    id: row.id,
    object: 'job',
    status: row.status,
    model: `${row.provider}/${row.model}`,
    error: row.status === 'failed' ? presentError(row.error_code) : null,
    credits: { held: isFinal(row.status) ? 0 : row.credits_held, charged: row.credits_charged },
    tokens: presentTokens(row),
    cost_usd: toUsd(row.cost_usd),
    created_at: toIso(row.created_at),
    completed_at: toIsoOrNull(row.completed_at),
    urls: jobUrls(row.id, publicUrl),
  };
}

/** What the model wrote; null while the job has not completed. */
export function readAnswer(row: Pick<TextJobRow, 'output'>): z.output<typeof textOutput> | null {
  return textOutput.nullable().parse(row.output);
}
