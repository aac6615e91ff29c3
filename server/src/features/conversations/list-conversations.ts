import { conversation } from '@base/shared/contracts/text';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { conversationColumns, presentConversation } from './present-conversation.ts';

export const listConversations = endpoint({
  method: 'get',
  path: '/conversations',
  tag: 'conversations',
  summary: 'List your conversations with the assistant, newest first',
  description: 'Conversations belong to the person who began them; an API key sees those of the person who made it.',
  access: 'jobs:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of conversations.', body: page(conversation) } },
  errors: ['invalid_cursor'],
  async handle({ query, principal, deps }) {
    const { take, below } = readPage(query);
    let select = deps.db
      .selectFrom('conversations')
      .select(conversationColumns)
      .where('organization_id', '=', principal.organizationId)
      .where('user_id', '=', principal.userId)
      .where('deleted_at', 'is', null)
      .orderBy('id', 'desc')
      .limit(take);
    if (below !== null) select = select.where('id', '<', below);
    return ok(presentPage(await select.execute(), query.limit, presentConversation));
  },
});
