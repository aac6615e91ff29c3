import type { FieldRule, FieldRules, Violation } from '../field-rules.ts';
import { type FieldShapes, findViolation } from './field-shapes.ts';
import { findMessageViolation, type MessageRules } from './read-messages.ts';

const count: FieldRule = { type: 'integer', isNullable: true, min: 1 };
const flag: FieldRule = { type: 'boolean', isNullable: true };
const penalty: FieldRule = { type: 'number', isNullable: true, min: -2, max: 2 };

/** The fields of chat completions that all providers document. */
export const commonChatRules: FieldRules = {
  model: { type: 'string', isRequired: true, min: 1 },
  max_tokens: count,
  max_completion_tokens: count,
  temperature: { type: 'number', isNullable: true, min: 0, max: 2 },
  top_p: { type: 'number', isNullable: true, min: 0, max: 1 },
  frequency_penalty: penalty,
  presence_penalty: penalty,
  seed: { type: 'integer', isNullable: true },
  stream: flag,
  logprobs: flag,
  top_logprobs: { type: 'integer', isNullable: true, min: 0, max: 20 },
  logit_bias: { type: 'object', isNullable: true },
  response_format: {
    type: 'object',
    fields: {
      type: { type: 'string', isRequired: true, values: ['text', 'json_object', 'json_schema'] },
      json_schema: {
        type: 'object',
        fields: {
          name: { type: 'string', isRequired: true, pattern: /^[\w-]{1,64}$/ },
          description: { type: 'string' },
          schema: { type: 'object' },
          strict: flag,
        },
      },
    },
  },
  tools: { type: 'array', item: { type: 'object' } },
  parallel_tool_calls: flag,
  user: { type: 'string' },
};

export const commonChatShapes: FieldShapes = {
  messages: [{ type: 'array', isRequired: true, min: 1, item: { type: 'object' } }],
  stop: [
    { type: 'string', isNullable: true },
    { type: 'array', min: 1, max: 4, item: { type: 'string' } },
  ],
  tool_choice: [{ type: 'string', values: ['none', 'auto', 'required'] }, { type: 'object' }],
};

export const commonMessageFields: FieldRules = {
  role: { type: 'string', isRequired: true, values: ['developer', 'system', 'user', 'assistant', 'tool'] },
  name: { type: 'string' },
  refusal: { type: 'string', isNullable: true },
  tool_calls: { type: 'array', item: { type: 'object' } },
  tool_call_id: { type: 'string' },
};

export const commonParts: MessageRules['parts'] = {
  text: { text: { type: 'string', isRequired: true } },
  image_url: { image_url: { type: 'object', isRequired: true } },
};

export interface ChatRules {
  fields: FieldRules;
  shapes: FieldShapes;
  messages: MessageRules;
}

/** The first thing in a chat call that its provider does not document, or null. */
export function findChatViolation(body: Record<string, unknown>, rules: ChatRules): Violation | null {
  return (
    findViolation(body, rules.fields, rules.shapes) ?? findMessageViolation('messages', body.messages, rules.messages)
  );
}

/** The first documented field that asks for something which the sandbox cannot do, or null. */
export function findUnoffered(body: Record<string, unknown>, names: readonly string[]): string | null {
  return names.find((name) => asksForSomething(body[name])) ?? null;
}

function asksForSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((entry) => entry !== 'text');
  return value !== undefined && value !== null && value !== false;
}
