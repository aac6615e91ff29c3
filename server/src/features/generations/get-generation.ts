import { generation } from '@base/shared/contracts/generations';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { generationColumns, presentGeneration } from './present-generation.ts';

export const getGeneration = endpoint({
  method: 'get',
  path: '/generations/:id',
  tag: 'generations',
  summary: 'One generation',
  access: 'generations:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The generation.', body: generation } },
  async handle({ params, deps, principal }) {
    const row = await deps.db
      .selectFrom('generations')
      .select(generationColumns)
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentGeneration(row, deps.contentLinks));
  },
});
