import type { generation } from '@base/shared/contracts/generations';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import type { Generations } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

/** The columns that `presentGeneration` needs: all but storage paths of others and the search index. */
export const generationColumns = [
  'id',
  'job_id',
  'type',
  'provider',
  'model',
  'prompt',
  'negative_prompt',
  'parameters',
  'thumbnail_path',
  'content_type',
  'width',
  'height',
  'duration_seconds',
  'bytes',
  'credits',
  'cost_usd',
  'project_id',
  'folder',
  'tags',
  'is_favorite',
  'is_public',
  'created_at',
] as const;

export type GenerationRow = Pick<Selectable<Generations>, (typeof generationColumns)[number]>;

/** The generation on the wire, with links that open without credentials for an hour. */
export function presentGeneration(row: GenerationRow, contentLinks: ContentLinks): z.input<typeof generation> {
  return {
    id: row.id,
    object: 'generation',
    job_id: row.job_id,
    type: row.type,
    model: `${row.provider}/${row.model}`,
    prompt: row.prompt,
    negative_prompt: row.negative_prompt,
    parameters: row.parameters as Record<string, unknown>, // a job's parsed input, which is always an object
    url: contentLinks(row.id),
    thumbnail_url: row.thumbnail_path === null ? null : contentLinks(row.id, { thumbnail: true }),
    content_type: row.content_type,
    width: row.width,
    height: row.height,
    duration_seconds: row.duration_seconds === null ? null : Number(row.duration_seconds),
    bytes: row.bytes,
    credits: row.credits,
    cost_usd: row.cost_usd,
    project_id: row.project_id,
    folder: row.folder,
    tags: row.tags,
    is_favorite: row.is_favorite,
    is_public: row.is_public,
    created_at: row.created_at.toISOString(),
  };
}
