import { conversation, updateConversationBody } from '@base/shared/contracts/text';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { conversationColumns, presentConversation } from './present-conversation.ts';

export const updateConversation = endpoint({
  method: 'patch',
  path: '/conversations/:id',
  tag: 'conversations',
  summary: 'Give a conversation another title',
  access: 'jobs:write',
  params: z.strictObject({ id }),
  body: updateConversationBody,
  responses: { 200: { description: 'The conversation as changed.', body: conversation } },
  errors: ['not_found'],
  async handle({ params, body, principal, writer }) {
    const row = await writer.db
      .updateTable('conversations')
      .set({ title: body.title })
      .where('organization_id', '=', principal.organizationId)
      .where('user_id', '=', principal.userId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .returning(conversationColumns)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentConversation(row));
  },
});
