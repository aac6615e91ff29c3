import { randomBytes } from 'node:crypto';
import type { FieldRule } from '../../field-rules.ts';
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
import { costOf, findRoutedModel } from './models.ts';
import { failure, flagged, invalidField, invalidModel, openrouterVoice } from './replies.ts';

const unoffered = ['tools', 'modalities', 'logprobs', 'prediction', 'plugins', 'models', 'route', 'image_config'];
const decimal: FieldRule = { type: 'number', isNullable: true };
const anyObject: FieldRule = { type: 'object', isNullable: true };
const anyText: FieldRule = { type: 'string', isNullable: true };
const objects: FieldRule = { type: 'array', item: { type: 'object' } };

const rules: ChatRules = {
  fields: {
    ...commonChatRules,
    stream_options: { type: 'object', isNullable: true, fields: { include_usage: { type: 'boolean' } } },
    top_k: { type: 'integer', isNullable: true, min: 0 },
    top_a: decimal,
    min_p: decimal,
    repetition_penalty: decimal,
    reasoning: anyObject,
    reasoning_effort: anyText,
    metadata: { type: 'object' },
    models: { type: 'array', item: { type: 'string' } },
    route: anyText,
    provider: anyObject,
    plugins: objects,
    modalities: { type: 'array', item: { type: 'string', values: ['text', 'image', 'audio'] } },
    prediction: anyObject,
    image_config: anyObject,
    cache_control: anyObject,
    prompt_cache_key: anyText,
    prompt_cache_options: anyObject,
    service_tier: anyText,
    session_id: { type: 'string', max: 256 },
    debug: anyObject,
    trace: anyObject,
  },
  shapes: commonChatShapes,
  messages: {
    fields: { ...commonMessageFields, model: { type: 'string' }, reasoning: anyText, reasoning_details: objects },
    parts: {
      text: { ...commonParts.text, cache_control: anyObject, prompt_cache_breakpoint: anyObject },
      image_url: { ...commonParts.image_url },
      input_audio: { input_audio: { type: 'object', isRequired: true } },
      file: { file: { type: 'object', isRequired: true } },
      video_url: { video_url: { type: 'object', isRequired: true } },
    },
    isContentNullable: true,
  },
};

/** POST /chat/completions: OpenAI's protocol with costs, comments that keep the connection alive, and errors of its own. */
export function chatCompletions(sandbox: Sandbox): PaidEndpoint {
  return completeChat(sandbox, dialect);
}

const dialect: ChatDialect = {
  voice: openrouterVoice,
  check,
  newId: () => `gen-${Math.floor(Date.now() / 1000)}-${randomBytes(10).toString('hex')}`,
  extras: { provider: 'Sandbox', system_fingerprint: 'sandbox' },
  presentUsage,
  // The option to ask for it is documented as without effect.
  usageInStream: () => 'last',
  comment: ': OPENROUTER PROCESSING\n\n',
  presentFailure: (frame) =>
    jsonEvent({
      ...frame,
      error: { code: 502, message: 'Provider disconnected unexpectedly' },
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    }),
  headers: (id) => ({ 'x-generation-id': id }),
};

function check({ body, prompt, fault }: PaidCall): Reply | null {
  const violation = findChatViolation(body, rules);
  if (violation) return invalidField(violation);
  const model = String(body.model);
  if (!findRoutedModel(model)) return invalidModel(model);
  const asked = findUnoffered(body, unoffered);
  if (asked !== null) return failure(400, `${asked}: not offered here`);
  return fault === 'refused' ? flagged(model, prompt) : null;
}

function presentUsage(modelId: string, usage: TokenUsage) {
  const model = findRoutedModel(modelId);
  return {
    prompt_tokens: usage.tokensIn,
    completion_tokens: usage.tokensOut,
    total_tokens: usage.tokensIn + usage.tokensOut,
    cost: model ? costOf(model, usage) : null,
    is_byok: false,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}
