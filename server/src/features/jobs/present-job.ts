import { isFinal, type Job, type jobOutput } from '@base/shared/contracts/jobs';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import type * as z from 'zod';
import {
  jobUrls,
  presentError,
  presentTokens,
  servedBy,
  toIso,
  toIsoOrNull,
  toUsd,
} from '../../admission/job-fields.ts';
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
    urls: jobUrls(row.id, links.publicUrl),
  };
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
