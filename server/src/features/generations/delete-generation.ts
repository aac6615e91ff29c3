import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';

export const deleteGeneration = endpoint({
  method: 'delete',
  path: '/generations/:id',
  tag: 'generations',
  summary: 'Take a generation out of the library',
  description: 'Its links stop working; job, receipt and ledger keep their record of it.',
  access: 'generations:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'It is gone.' } },
  async handle({ params, principal, writer }) {
    const { numUpdatedRows } = await writer.db
      .updateTable('generations')
      .set({ deleted_at: new Date(), is_public: false })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ApiError('not_found');
    return noContent();
  },
});
