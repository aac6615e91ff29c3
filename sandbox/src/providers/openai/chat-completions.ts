import { randomUUID } from 'node:crypto';
import { isJsonObject } from '../../field-rules.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import { findChatViolation, findUnoffered } from '../../text/chat-fields.ts';
import { type ChatDialect, completeChat, readChatFormat } from '../../text/complete-chat.ts';
import { jsonEvent } from '../../text/stream-text.ts';
import type { PaidCall, PaidEndpoint, TokenUsage } from '../provider.ts';
import { checkStrictSchema } from './check-strict-schema.ts';
import { findOpenaiModel } from './models.ts';
import { failure, invalidField, invalidPrompt, modelNotFound, openaiVoice, unsupportedValue } from './replies.ts';
import { chatRules } from './text-fields.ts';

const unoffered = ['tools', 'functions', 'modalities', 'audio', 'logprobs', 'prediction', 'web_search_options'];

/** POST /chat/completions. */
export function chatCompletions(sandbox: Sandbox): PaidEndpoint {
  return completeChat(sandbox, dialect);
}

const dialect: ChatDialect = {
  voice: openaiVoice,
  check,
  newId: () => `chatcmpl-${randomUUID().replaceAll('-', '')}`,
  extras: { service_tier: 'default' },
  presentUsage: (_model, usage) => presentChatUsage(usage),
  usageInStream: ({ stream_options: options }) =>
    isJsonObject(options) && options.include_usage === true ? 'last_and_null_before' : 'absent',
  comment: '',
  presentFailure: () => jsonEvent(openaiVoice.serverError().body),
};

function check({ body, fault }: PaidCall): Reply | null {
  const violation = findChatViolation(body, chatRules);
  if (violation) return invalidField(violation);
  if (!findOpenaiModel(String(body.model), 'text')) return modelNotFound(String(body.model));
  const format = isJsonObject(body.response_format) ? body.response_format : {};
  if (format.type === 'json_schema' && readChatFormat(body).kind !== 'json_schema') {
    const param = 'response_format.json_schema';
    return failure(400, {
      message: `Missing required parameter: '${param}'.`,
      param,
      code: 'missing_required_parameter',
    });
  }
  const strict = checkStrictSchema('response_format', format.json_schema);
  if (strict) return strict;
  const asked = typeof body.n === 'number' && body.n > 1 ? 'n' : findUnoffered(body, unoffered);
  if (asked !== null) return unsupportedValue(asked, `'${asked}' is not offered here.`);
  return fault === 'refused' ? invalidPrompt() : null;
}

/** Usage as chat completions report it. */
function presentChatUsage({ tokensIn, tokensOut }: TokenUsage) {
  return {
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
