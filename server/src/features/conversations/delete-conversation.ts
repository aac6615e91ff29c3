import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';

export const deleteConversation = endpoint({
  method: 'delete',
  path: '/conversations/:id',
  tag: 'conversations',
  summary: 'Delete a conversation',
  description: 'It can be neither read nor gone on with any more; its jobs keep their record.',
  access: 'jobs:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'It is gone.' } },
  errors: ['not_found'],
  async handle({ params, principal, writer }) {
    const { numUpdatedRows } = await writer.db
      .updateTable('conversations')
      .set({ deleted_at: new Date() })
      .where('organization_id', '=', principal.organizationId)
      .where('user_id', '=', principal.userId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ApiError('not_found');
    return noContent();
  },
});
