import { assistantMessage, type CreateMessageBody, createMessageBody } from '@base/shared/contracts/text';
import { ApiError } from '@base/shared/errors/api-error';
import type { Pool } from 'pg';
import { admissionErrors } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Principal } from '../../http/principal.ts';
import { askLanguage, type ChatMessage, quoteData } from '../../text/chat-prompt.ts';
import { orderText } from '../../text/order-text.ts';
import { presentMessage } from '../../text/present-message.ts';
import { answerHeaders, replyWithAnswer } from '../../text/reply-with-answer.ts';
import { findHistory } from './find-history.ts';
import { fitHistory } from './fit-history.ts';
import { insertMessage } from './insert-message.ts';

export const createMessage = endpoint({
  method: 'post',
  path: '/assistant/messages',
  tag: 'assistant',
  summary: 'Say something to the assistant',
  description:
    'Begins a conversation, or goes on with one: then its latest turns that have been answered (40 at most, about 24,000 ' +
    'characters together) are told to the model with the message, and so is the `history` of a new one. `context` goes ' +
    'with this message only. The answer comes with `Prefer: wait=n`, or word by word from the job’s `urls.events`, or ' +
    'later from GET /conversations/{id}. Credits are held for the longest answer and charged by the tokens it really took.',
  access: 'jobs:write',
  idempotent: true,
  headers: preferHeaders,
  body: createMessageBody,
  responses: {
    201: { description: 'The message and its answer.', body: assistantMessage, headers: answerHeaders },
    202: { description: 'The message; its answer is being written.', body: assistantMessage, headers: answerHeaders },
  },
  errors: ['not_found', ...admissionErrors],
  async handle({ body, headers, principal, idempotencyKey, requestId, deps, signal }) {
    const history = await readHistory(deps.pool, principal, body);
    const admitted = await orderText(
      {
        model: body.model,
        defaultModel: deps.config.ASSISTANT_MODEL,
        messages: [...instruct(body), ...fitHistory(history), { role: 'user', content: body.message }],
        pointer: '/message',
        maxOutputTokens: body.max_output_tokens,
      },
      { body, principal, idempotencyKey, requestId, deps },
    );
    const message = await insertMessage(deps.pool, principal, {
      jobId: admitted.row.id,
      conversationId: body.conversation_id ?? null,
      content: body.message,
      context: body.context,
    });
    return replyWithAnswer(admitted, headers.prefer, { principal, deps, signal }, (row) => ({
      body: presentMessage(message, row, deps.publicUrl),
      path: `/conversations/${message.conversation_id}`,
    }));
  },
});

/** Newest first. @throws ApiError not_found */
async function readHistory(pool: Pool, principal: Principal, body: CreateMessageBody): Promise<ChatMessage[][]> {
  if (body.conversation_id === undefined) return (body.history ?? []).map((message) => [message]).reverse();
  const history = await findHistory(pool, principal, body.conversation_id);
  if (history === undefined) throw new ApiError('not_found', { detail: 'There is no such conversation of yours.' });
  return history;
}

/** One system message: some models take no more than one, and only as the first. */
function instruct({ context, language }: CreateMessageBody): ChatMessage[] {
  const parts = [
    'You are the assistant of the users of a business system. Be precise and brief. Where data of their system is given, ' +
      'answer from it, and say so when it does not hold the answer.',
    askLanguage(language, 'the user’s last message'),
    ...(context === undefined ? [] : [quoteData(context)]),
  ];
  return [{ role: 'system', content: parts.join('\n\n') }];
}
