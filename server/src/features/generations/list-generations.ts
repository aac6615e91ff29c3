import { generation, listGenerationsQuery } from '@base/shared/contracts/generations';
import { page } from '@base/shared/contracts/wire';
import type { Db } from '@base/shared/db/database';
import { sql } from 'kysely';
import type * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { type GenerationRow, generationColumns, presentGeneration } from './present-generation.ts';

export const listGenerations = endpoint({
  method: 'get',
  path: '/generations',
  tag: 'generations',
  summary: 'The library, newest first',
  access: 'generations:read',
  query: listGenerationsQuery,
  responses: { 200: { description: 'A page of generations.', body: page(generation) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const rows = await findGenerations(deps.db, principal.organizationId, query);
    return ok(presentPage(rows, query.limit, (row) => presentGeneration(row, deps.contentLinks)));
  },
});

function findGenerations(
  db: Db,
  organizationId: string,
  query: z.output<typeof listGenerationsQuery>,
): Promise<GenerationRow[]> {
  const { take, below } = readPage(query);
  const { type, model, project_id, folder, tag, favorite, search } = query;
  let found = db
    .selectFrom('generations')
    .select(generationColumns)
    .where('organization_id', '=', organizationId)
    .where('deleted_at', 'is', null);
  if (below !== null) found = found.where('id', '<', below);
  if (type !== undefined) found = found.where('type', '=', type);
  if (model !== undefined) {
    const slash = model.indexOf('/');
    found = found.where('provider', '=', model.slice(0, slash)).where('model', '=', model.slice(slash + 1));
  }
  if (project_id !== undefined) found = found.where('project_id', '=', project_id);
  if (folder !== undefined) found = found.where('folder', '=', folder);
  if (tag !== undefined) found = found.where(sql<boolean>`tags @> array[${tag}]::text[]`);
  if (favorite !== undefined) found = found.where('is_favorite', '=', favorite);
  if (search !== undefined) found = found.where(sql<boolean>`search @@ websearch_to_tsquery('simple', ${search})`);
  return found.orderBy('id', 'desc').limit(take).execute();
}
