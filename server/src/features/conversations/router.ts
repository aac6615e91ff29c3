import type { Endpoint } from '../../http/endpoint.ts';
import { deleteConversation } from './delete-conversation.ts';
import { getConversation } from './get-conversation.ts';
import { listConversations } from './list-conversations.ts';
import { updateConversation } from './update-conversation.ts';

export const conversations: readonly Endpoint[] = [
  listConversations,
  getConversation,
  updateConversation,
  deleteConversation,
];
