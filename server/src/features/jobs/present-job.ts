import { isFinal, type Job } from '@base/shared/contracts/jobs';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import type { JobStatus, JobType } from '@base/shared/db/database.types';
import { type JobErrorCode, jobErrorTable } from '@base/shared/errors/job-error-table';

/** The columns that clients see; the same from a query and, as JSON, from the functions. */
export interface JobRow {
  id: string;
  status: JobStatus;
  type: JobType;
  provider: string;
  model: string;
  input: unknown;
  output: unknown;
  error_code: string | null;
  credits_held: number;
  credits_charged: number;
  cost_usd: string | number | null;
  progress: number;
  attempts: number;
  project_id: string | null;
  metadata: unknown;
  created_at: Date | string;
  queued_at: Date | string | null;
  started_at: Date | string | null;
  completed_at: Date | string | null;
  queue_position?: number | null;
}

export const jobColumns = [
  'id',
  'status',
  'type',
  'provider',
  'model',
  'input',
  'output',
  'error_code',
  'credits_held',
  'credits_charged',
  'cost_usd',
  'progress',
  'attempts',
  'project_id',
  'metadata',
  'created_at',
  'queued_at',
  'started_at',
  'completed_at',
] as const satisfies readonly (keyof JobRow)[];

/** What settlement stores in `ai_jobs.output` for each generation. */
interface StoredOutput {
  generation_id: string;
  content_type: string;
  has_thumbnail: boolean;
  width: number | null;
  height: number | null;
  duration_seconds: number | null;
  bytes: number;
}

/** The job on the wire; links are absolute and open for an hour. */
export function presentJob(row: JobRow, links: { contentLinks: ContentLinks; publicUrl: string }): Job {
  // Only settlement writes this column, in this shape.
  const outputs = row.output as StoredOutput[] | null;
  const self = `${links.publicUrl}/api/v1/jobs/${row.id}`;
  return {
    id: row.id,
    object: 'job',
    status: row.status,
    type: row.type,
    model: `${row.provider}/${row.model}`,
    input: row.input as Job['input'], // admission stores objects only
    output: outputs?.map((output) => presentOutput(output, links.contentLinks)) ?? null,
    error: row.status === 'failed' ? presentError(row.error_code) : null,
    credits: { held: isFinal(row.status) ? 0 : row.credits_held, charged: row.credits_charged },
    cost_usd: row.cost_usd === null ? null : Number(row.cost_usd).toFixed(6),
    progress: row.progress,
    attempts: row.attempts,
    ...(row.queue_position ? { queue_position: row.queue_position } : {}),
    project_id: row.project_id,
    metadata: row.metadata as Job['metadata'], // admission stores string maps only
    created_at: toIso(row.created_at),
    queued_at: row.queued_at === null ? null : toIso(row.queued_at),
    started_at: row.started_at === null ? null : toIso(row.started_at),
    completed_at: row.completed_at === null ? null : toIso(row.completed_at),
    generation_ids: outputs?.map((output) => output.generation_id) ?? [],
    urls: { self, cancel: `${self}/cancel`, events: `${self}/events` },
  };
}

function presentOutput(output: StoredOutput, contentLinks: ContentLinks): NonNullable<Job['output']>[number] {
  return {
    url: contentLinks(output.generation_id),
    thumbnail_url: output.has_thumbnail ? contentLinks(output.generation_id, { thumbnail: true }) : null,
    content_type: output.content_type,
    ...(output.width === null ? {} : { width: output.width }),
    ...(output.height === null ? {} : { height: output.height }),
    ...(output.duration_seconds === null ? {} : { duration_seconds: output.duration_seconds }),
    bytes: output.bytes,
  };
}

function presentError(code: string | null): { code: string; message: string } {
  const known = code !== null && code in jobErrorTable ? (code as JobErrorCode) : 'provider_failed'; // checked by `in`
  return { code: known, message: jobErrorTable[known].message };
}

function toIso(time: Date | string): string {
  return (typeof time === 'string' ? new Date(time) : time).toISOString();
}
