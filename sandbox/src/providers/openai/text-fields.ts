import type { FieldRule, FieldRules } from '../../field-rules.ts';
import {
  type ChatRules,
  commonChatRules,
  commonChatShapes,
  commonMessageFields,
  commonParts,
} from '../../text/chat-fields.ts';
import type { FieldShapes } from '../../text/field-shapes.ts';
import type { MessageRules } from '../../text/read-messages.ts';

const flag: FieldRule = { type: 'boolean', isNullable: true };
const optionalText: FieldRule = { type: 'string', isNullable: true };
const anyObject: FieldRule = { type: 'object', isNullable: true };
const objects: FieldRule = { type: 'array', isNullable: true, item: { type: 'object' } };
const effort = choice('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max');
const verbosity = choice('low', 'medium', 'high');
const breakpoint = { prompt_cache_breakpoint: anyObject };

/** Fields that both endpoints know. */
const sharedRules: FieldRules = {
  metadata: { type: 'object', isNullable: true },
  store: flag,
  safety_identifier: { type: 'string', isNullable: true, max: 64 },
  prompt_cache_key: optionalText,
  prompt_cache_retention: choice('in_memory', '24h'),
  prompt_cache_options: anyObject,
  service_tier: choice('auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'),
  moderation: anyObject,
};

export const chatRules: ChatRules = {
  fields: {
    ...commonChatRules,
    ...sharedRules,
    n: { type: 'integer', isNullable: true, min: 1, max: 128 },
    stream_options: {
      type: 'object',
      isNullable: true,
      fields: { include_usage: { type: 'boolean' }, include_obfuscation: { type: 'boolean' } },
    },
    reasoning_effort: effort,
    verbosity,
    modalities: { type: 'array', isNullable: true, item: choice('text', 'audio') },
    audio: anyObject,
    prediction: anyObject,
    web_search_options: anyObject,
    functions: objects,
  },
  shapes: { ...commonChatShapes, function_call: [{ type: 'string', values: ['none', 'auto'] }, { type: 'object' }] },
  messages: {
    fields: { ...commonMessageFields, audio: anyObject, function_call: anyObject },
    parts: {
      text: { ...commonParts.text, ...breakpoint },
      image_url: { ...commonParts.image_url, ...breakpoint },
      input_audio: { input_audio: { type: 'object', isRequired: true }, ...breakpoint },
      file: { file: { type: 'object', isRequired: true }, ...breakpoint },
      refusal: { refusal: { type: 'string', isRequired: true } },
    },
    isContentNullable: true,
  },
};

export const responseRules: FieldRules = {
  ...sharedRules,
  model: { type: 'string', isRequired: true, min: 1 },
  instructions: optionalText,
  max_output_tokens: { type: 'integer', isNullable: true, min: 16 },
  temperature: { type: 'number', isNullable: true, min: 0, max: 2 },
  top_p: { type: 'number', isNullable: true, min: 0, max: 1 },
  top_logprobs: { type: 'integer', isNullable: true, min: 0, max: 20 },
  text: {
    type: 'object',
    fields: {
      format: {
        type: 'object',
        fields: {
          type: { type: 'string', isRequired: true, values: ['text', 'json_object', 'json_schema'] },
          name: { type: 'string', pattern: /^[\w-]{1,64}$/ },
          description: { type: 'string' },
          schema: { type: 'object' },
          strict: flag,
        },
      },
      verbosity,
    },
  },
  reasoning: {
    type: 'object',
    isNullable: true,
    fields: {
      mode: { type: 'string' },
      effort,
      summary: choice('auto', 'concise', 'detailed'),
      generate_summary: choice('auto', 'concise', 'detailed'),
      context: choice('auto', 'current_turn', 'all_turns'),
    },
  },
  stream: flag,
  stream_options: { type: 'object', isNullable: true, fields: { include_obfuscation: { type: 'boolean' } } },
  background: flag,
  include: { type: 'array', isNullable: true, item: { type: 'string' } },
  parallel_tool_calls: flag,
  max_tool_calls: { type: 'integer', isNullable: true },
  tools: { type: 'array', item: { type: 'object' } },
  previous_response_id: optionalText,
  prompt: anyObject,
  truncation: choice('auto', 'disabled'),
  user: { type: 'string' },
  context_management: objects,
};

export const responseShapes: FieldShapes = {
  input: [
    { type: 'string', isRequired: true },
    { type: 'array', isRequired: true, min: 1, item: { type: 'object' } },
  ],
  tool_choice: [{ type: 'string', values: ['none', 'auto', 'required'] }, { type: 'object' }],
  conversation: [{ type: 'string', isNullable: true }, { type: 'object' }],
};

/** Input items other than messages belong to tools and are not offered here. */
export const inputMessageRules: MessageRules = {
  fields: {
    role: { type: 'string', isRequired: true, values: ['user', 'assistant', 'system', 'developer'] },
    type: { type: 'string', values: ['message'] },
    id: { type: 'string' },
    status: { type: 'string', values: ['in_progress', 'completed', 'incomplete'] },
    phase: choice('commentary', 'final_answer'),
  },
  parts: {
    input_text: { text: { type: 'string', isRequired: true }, ...breakpoint },
    output_text: {
      text: { type: 'string', isRequired: true },
      annotations: { type: 'array' },
      logprobs: { type: 'array' },
    },
    refusal: { refusal: { type: 'string', isRequired: true } },
    input_image: {
      image_url: optionalText,
      file_id: optionalText,
      detail: choice('low', 'high', 'auto', 'original'),
      ...breakpoint,
    },
    input_file: {
      file_id: optionalText,
      file_url: { type: 'string' },
      file_data: { type: 'string' },
      filename: { type: 'string' },
      detail: { type: 'string' },
      ...breakpoint,
    },
  },
  isContentNullable: false,
};

function choice(...values: string[]): FieldRule {
  return { type: 'string', isNullable: true, values };
}
