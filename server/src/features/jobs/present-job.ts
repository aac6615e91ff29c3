import { isFinal, type Job, type jobOutput } from '@base/shared/contracts/jobs';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import { type JobErrorCode, jobErrorTable } from '@base/shared/errors/job-error-table';
import type * as z from 'zod';
import type { JobRow } from '../../admission/job-row.ts';

/** What settlement stores in `ai_jobs.output`: this for each generation, or one text. */
interface StoredFile {
  generation_id: string;
  content_type: string;
  has_thumbnail: boolean;
  width: number | null;
  height: number | null;
  duration_seconds: number | null;
  bytes: number;
}

interface StoredText {
  text: string;
  finish_reason: string;
}

/** The job on the wire; links are absolute and open for an hour. */
export function presentJob(row: JobRow, links: { contentLinks: ContentLinks; publicUrl: string }): Job {
  const output = row.output as StoredFile[] | StoredText | null; // only settlement writes it, in these shapes
  const files = Array.isArray(output) ? output : [];
  const self = `${links.publicUrl}/api/v1/jobs/${row.id}`;
  return {
    id: row.id,
    object: 'job',
    status: row.status,
    type: row.type,
    model: `${row.provider}/${row.model}`,
    served_by: servedBy(row),
    key_source: row.key_source,
    retry_of: row.retry_of,
    input: row.input as Job['input'], // admission stores objects only
    output: Array.isArray(output)
      ? files.map((file) => presentFile(file, links.contentLinks))
      : output && presentText(output),
    error: row.status === 'failed' ? presentError(row.error_code) : null,
    credits: { held: isFinal(row.status) ? 0 : row.credits_held, charged: row.credits_charged },
    cost_usd: toUsd(row.cost_usd),
    tokens: presentTokens(row),
    progress: row.progress,
    attempts: row.attempts,
    ...(row.queue_position ? { queue_position: row.queue_position } : {}),
    project_id: row.project_id,
    metadata: row.metadata as Job['metadata'], // admission stores string maps only
    created_at: toIso(row.created_at),
    queued_at: toIsoOrNull(row.queued_at),
    started_at: toIsoOrNull(row.started_at),
    completed_at: toIsoOrNull(row.completed_at),
    deadline_at: toIso(row.deadline_at),
    generation_ids: files.map((file) => file.generation_id),
    urls: {
      self,
      cancel: `${self}/cancel`,
      retry: `${self}/retry`,
      events: `${self}/events`,
      receipt: `${self}/receipt`,
    },
  };
}

/** Who made the result, as clients name models. */
export function servedBy(row: Pick<JobRow, 'served_provider' | 'served_model'>): string | null {
  return row.served_provider === null ? null : `${row.served_provider}/${row.served_model}`;
}

export function presentTokens(row: Pick<JobRow, 'tokens_in' | 'tokens_out'>): Job['tokens'] {
  return row.tokens_in === null && row.tokens_out === null
    ? null
    : { input: row.tokens_in ?? 0, output: row.tokens_out ?? 0 };
}

function presentFile(file: StoredFile, contentLinks: ContentLinks): z.input<typeof jobOutput> {
  return {
    url: contentLinks(file.generation_id),
    thumbnail_url: file.has_thumbnail ? contentLinks(file.generation_id, { thumbnail: true }) : null,
    content_type: file.content_type,
    ...(file.width === null ? {} : { width: file.width }),
    ...(file.height === null ? {} : { height: file.height }),
    ...(file.duration_seconds === null ? {} : { duration_seconds: file.duration_seconds }),
    bytes: file.bytes,
  };
}

function presentText({ text, finish_reason }: StoredText): StoredText {
  return { text, finish_reason };
}

/** A code of ours and its sentence; the provider's own words are for operators. */
export function presentError(code: string | null): { code: string; message: string } {
  const known = code !== null && code in jobErrorTable ? (code as JobErrorCode) : 'provider_failed'; // checked by `in`
  return { code: known, message: jobErrorTable[known].message };
}

export function toUsd(amount: string | number): string;
export function toUsd(amount: string | number | null): string | null;
/** As decimals are shown: exact to the millionth. From JSON they come as numbers. */
export function toUsd(amount: string | number | null): string | null {
  return amount === null ? null : Number(amount).toFixed(6);
}

export function toIso(time: Date | string): string {
  return (typeof time === 'string' ? new Date(time) : time).toISOString();
}

export function toIsoOrNull(time: Date | string | null): string | null {
  return time === null ? null : toIso(time);
}
