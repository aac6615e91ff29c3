import { randomUUID } from 'node:crypto';
import { type FieldRule, isJsonObject } from '../../field-rules.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import {
  type ChatRules,
  commonChatRules,
  commonChatShapes,
  commonMessageFields,
  commonParts,
  findChatViolation,
  findUnoffered,
} from '../../text/chat-fields.ts';
import { type ChatDialect, completeChat } from '../../text/complete-chat.ts';
import { jsonEvent } from '../../text/stream-text.ts';
import type { PaidCall, PaidEndpoint, TokenUsage } from '../provider.ts';
import { compatibleVoice, failure, invalidField } from './replies.ts';

const decimal: FieldRule = { type: 'number', isNullable: true };

const rules: ChatRules = {
  fields: {
    ...commonChatRules,
    n: { type: 'integer', isNullable: true, min: 1 },
    stream_options: { type: 'object', isNullable: true, fields: { include_usage: { type: 'boolean' } } },
    top_k: { type: 'integer', isNullable: true },
    min_p: decimal,
    repetition_penalty: decimal,
  },
  shapes: commonChatShapes,
  messages: { fields: commonMessageFields, parts: commonParts, isContentNullable: true },
};

/** POST /chat/completions as servers of open models speak it (TGI, vLLM): any model name is the one that they serve. */
export function chatCompletions(sandbox: Sandbox): PaidEndpoint {
  return completeChat(sandbox, dialect);
}

const dialect: ChatDialect = {
  voice: compatibleVoice,
  check,
  newId: () => `chatcmpl-${randomUUID().replaceAll('-', '')}`,
  extras: { system_fingerprint: 'sandbox' },
  presentUsage: (_model, { tokensIn, tokensOut }: TokenUsage) => ({
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
  }),
  usageInStream: ({ stream_options: options }) =>
    isJsonObject(options) && options.include_usage === true ? 'last' : 'absent',
  comment: '',
  presentFailure: () => jsonEvent(compatibleVoice.serverError().body),
};

function check({ body, fault }: PaidCall): Reply | null {
  const violation = findChatViolation(body, rules);
  if (violation) return invalidField(violation);
  const asked = typeof body.n === 'number' && body.n > 1 ? 'n' : findUnoffered(body, ['tools', 'logprobs']);
  if (asked !== null) return failure(422, `Input validation error: \`${asked}\` is not offered here`, 'validation');
  return fault === 'refused' ? failure(400, 'The prompt was refused by the content filter') : null;
}
