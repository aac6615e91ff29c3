import { voice } from '@base/shared/contracts/models';
import { page } from '@base/shared/contracts/wire';
import { sql } from 'kysely';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

/** More than any account of ours has; the list is not paged. */
const voicesMax = 1000;

export const listVoices = endpoint({
  method: 'get',
  path: '/voices',
  tag: 'models',
  summary: 'Voices of speech models, by name',
  description: 'The voices of the platform’s account at the provider, read anew every few hours.',
  access: 'models:read',
  query: z.strictObject({
    provider: z.string().max(50).optional(),
    language: z.string().max(20).optional(),
    search: z.string().min(1).max(100).optional().meta({ description: 'Part of the name, in any case.' }),
  }),
  responses: { 200: { description: 'All voices that match.', body: page(voice) } },
  async handle({ query, deps }) {
    let found = deps.db.selectFrom('voices').selectAll();
    if (query.provider !== undefined) found = found.where('provider', '=', query.provider);
    if (query.language !== undefined) found = found.where(sql<boolean>`languages @> array[${query.language}]::text[]`);
    if (query.search !== undefined) {
      found = found.where(sql<boolean>`position(lower(${query.search}) in lower(name)) > 0`);
    }
    const rows = await found.orderBy('name').orderBy('id').limit(voicesMax).execute();
    const data = rows.map((row) => ({
      id: row.id,
      object: 'voice' as const,
      provider: row.provider,
      name: row.name,
      category: row.category,
      labels: row.labels as Record<string, string>, // written by the schedule that reads voices
      languages: row.languages,
      preview_url: row.preview_url,
    }));
    return ok({ data, has_more: false, next_cursor: null });
  },
});
