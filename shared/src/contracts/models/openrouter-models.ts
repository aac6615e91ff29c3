import * as z from 'zod';
import {
  chatMessages,
  chatSeed,
  logitBias,
  outputTokensDefault,
  penalty,
  responseFormat,
  stop,
  temperature,
  topP,
} from './chat-fields.ts';
import { inputTokensMax, type TextInput } from './count-tokens.ts';
import { defineModel } from './model-contract.ts';

/**
 * POST /chat/completions of https://openrouter.ai/docs/api-reference. What leads to another model or at a price of its own
 * (models, route, plugins, service_tier, order of providers) is not the caller's.
 */
const chatFields = (tokensMax: number) => ({
  messages: chatMessages(['developer', 'system', 'user', 'assistant']),
  max_completion_tokens: z.int().min(1).max(tokensMax).optional(),
  temperature: temperature.optional(),
  top_p: topP.optional(),
  top_k: z.int().min(0).max(1_000).optional(),
  top_a: z.number().min(0).max(1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  presence_penalty: penalty.optional(),
  frequency_penalty: penalty.optional(),
  repetition_penalty: z.number().min(0).max(2).optional(),
  seed: chatSeed.optional(),
  stop: stop.optional(),
  logit_bias: logitBias.optional(),
  response_format: responseFormat.optional(),
  provider: z
    .strictObject({
      data_collection: z.enum(['deny', 'allow']).optional(),
      zdr: z.boolean().optional(),
      require_parameters: z.boolean().optional(),
    })
    .optional(),
});

const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);
const reasoningFields = {
  reasoning: z.strictObject({ effort: effort.optional() }).optional(),
};

/** Limits by https://openrouter.ai/api/v1/models. */
export const llama4Maverick = defineModel({
  provider: 'openrouter',
  name: 'llama-4-maverick',
  aliases: ['meta-llama/llama-4-maverick'],
  title: 'Llama 4 Maverick',
  description: 'Open text model by Meta, through OpenRouter.',
  type: 'text',
  input: z.strictObject(chatFields(16_384)),
  complete: boundOutput,
  measure,
});

export const claudeSonnet45 = defineModel({
  provider: 'openrouter',
  name: 'claude-sonnet-4.5',
  aliases: ['anthropic/claude-sonnet-4.5'],
  title: 'Claude Sonnet 4.5',
  description: 'Text and code by Anthropic, through OpenRouter.',
  type: 'text',
  input: z.strictObject({ ...chatFields(64_000), ...reasoningFields }),
  complete: boundOutput,
  measure,
});

export const gemini25Flash = defineModel({
  provider: 'openrouter',
  name: 'gemini-2.5-flash',
  aliases: ['google/gemini-2.5-flash'],
  title: 'Gemini 2.5 Flash',
  description: 'Fast text model by Google, through OpenRouter.',
  type: 'text',
  input: z.strictObject({ ...chatFields(65_535), ...reasoningFields }),
  complete: boundOutput,
  measure,
});

interface Bounded {
  max_completion_tokens?: number | undefined;
}

function boundOutput<T extends Bounded>(input: T): T {
  return { ...input, max_completion_tokens: input.max_completion_tokens ?? outputTokensDefault };
}

function measure(input: Bounded & TextInput) {
  const output = input.max_completion_tokens ?? outputTokensDefault;
  return { units: 0, tokens: { input: inputTokensMax(input, 'foreign'), output } };
}
