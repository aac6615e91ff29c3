import { isFinal, textOutput } from '@base/shared/contracts/jobs';
import type { TextJob } from '@base/shared/contracts/text';
import { type JobErrorCode, jobErrorTable } from '@base/shared/errors/job-error-table';
import type * as z from 'zod';
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
  const self = `${publicUrl}/api/v1/jobs/${row.id}`;
  return {
    id: row.id,
    object: 'job',
    status: row.status,
    model: `${row.provider}/${row.model}`,
    error: row.status === 'failed' ? presentError(row.error_code) : null,
    credits: { held: isFinal(row.status) ? 0 : row.credits_held, charged: row.credits_charged },
    tokens: row.tokens_in === null || row.tokens_out === null ? null : { input: row.tokens_in, output: row.tokens_out },
    cost_usd: row.cost_usd === null ? null : Number(row.cost_usd).toFixed(6),
    created_at: new Date(row.created_at).toISOString(),
    completed_at: row.completed_at === null ? null : new Date(row.completed_at).toISOString(),
    urls: {
      self,
      cancel: `${self}/cancel`,
      retry: `${self}/retry`,
      events: `${self}/events`,
      receipt: `${self}/receipt`,
    },
  };
}

/** What the model wrote; null while the job has not completed. */
export function readAnswer(row: Pick<TextJobRow, 'output'>): z.output<typeof textOutput> | null {
  return textOutput.nullable().parse(row.output);
}

function presentError(code: string | null): { code: string; message: string } {
  const known = code !== null && code in jobErrorTable ? (code as JobErrorCode) : 'provider_failed'; // checked by `in`
  return { code: known, message: jobErrorTable[known].message };
}
