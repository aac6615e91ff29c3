import type { Conversation } from '@base/shared/contracts/text';
import type { Conversations } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';

export const conversationColumns = ['id', 'title', 'created_at', 'updated_at'] as const;

type ConversationRow = Pick<Selectable<Conversations>, (typeof conversationColumns)[number]>;

export function presentConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    object: 'conversation',
    title: row.title,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
