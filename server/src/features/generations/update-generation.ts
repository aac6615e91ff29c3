import { generation, updateGenerationBody } from '@base/shared/contracts/generations';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import { brokenReference } from '../../http/translate-store-error.ts';
import { generationColumns, presentGeneration } from './present-generation.ts';

export const updateGeneration = endpoint({
  method: 'patch',
  path: '/generations/:id',
  tag: 'generations',
  summary: 'Sort a generation: project, folder, tags, favourite, public',
  description: 'A public generation’s content opens for everyone who knows its address.',
  access: 'generations:write',
  params: z.strictObject({ id }),
  body: updateGenerationBody,
  responses: { 200: { description: 'The generation as changed.', body: generation } },
  async handle({ params, body, deps, principal, writer }) {
    const row = await writer.db
      .updateTable('generations')
      // Fields left out are undefined, and undefined is not written.
      .set({ ...body, updated_at: new Date() })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .returning(generationColumns)
      .executeTakeFirst()
      .catch((error: unknown) => {
        if (brokenReference(error) !== 'generations_project_fkey') throw error;
        throw invalidRequest([{ pointer: '/project_id', detail: 'must be one of your organization’s projects' }]);
      });
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentGeneration(row, deps.contentLinks));
  },
});
