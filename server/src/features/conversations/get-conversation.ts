import { conversationWithMessages } from '@base/shared/contracts/text';
import { id, pageQuery } from '@base/shared/contracts/wire';
import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import type { Principal } from '../../http/principal.ts';
import { presentMessage } from '../../text/present-message.ts';
import { textJobColumns } from '../../text/present-text-job.ts';
import { conversationColumns, presentConversation } from './present-conversation.ts';

export const getConversation = endpoint({
  method: 'get',
  path: '/conversations/:id',
  tag: 'conversations',
  summary: 'Read a conversation with its latest messages',
  description: '`limit` and `cursor` page through the messages, newest first.',
  access: 'jobs:read',
  params: z.strictObject({ id }),
  query: pageQuery,
  responses: { 200: { description: 'The conversation.', body: conversationWithMessages } },
  errors: ['not_found', 'invalid_cursor'],
  async handle({ params, query, principal, deps }) {
    const { take, below } = readPage(query);
    const [row, messages] = await Promise.all([
      deps.db
        .selectFrom('conversations')
        .select(conversationColumns)
        .where('organization_id', '=', principal.organizationId)
        .where('user_id', '=', principal.userId)
        .where('id', '=', params.id)
        .where('deleted_at', 'is', null)
        .executeTakeFirst(),
      findMessages(deps.db, principal, { conversationId: params.id, take, below }),
    ]);
    if (row === undefined) throw new ApiError('not_found');
    return ok({
      ...presentConversation(row),
      messages: presentPage(messages, query.limit, (message) => presentMessage(message, message.job, deps.publicUrl)),
    });
  },
});

async function findMessages(
  db: Db,
  principal: Principal,
  { conversationId, take, below }: { conversationId: string; take: number; below: string | null },
) {
  let select = db
    .selectFrom('messages as m')
    .innerJoin('ai_jobs as j', 'j.id', 'm.job_id')
    .select(['m.id as message_id', 'm.conversation_id', 'm.content', 'm.created_at as said_at'])
    .select(textJobColumns.map((column) => `j.${column}` as const))
    .where('m.organization_id', '=', principal.organizationId)
    .where('m.conversation_id', '=', conversationId)
    .orderBy('m.id', 'desc')
    .limit(take);
  if (below !== null) select = select.where('m.id', '<', below);
  const rows = await select.execute();
  return rows.map(({ message_id, conversation_id, content, said_at, ...job }) => ({
    id: message_id,
    conversation_id,
    content,
    created_at: said_at,
    job,
  }));
}
