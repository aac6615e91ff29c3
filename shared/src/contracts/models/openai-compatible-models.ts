import * as z from 'zod';
import {
  chatMessages,
  chatSeed,
  outputTokensDefault,
  penalty,
  responseFormat,
  stop,
  temperature,
  topP,
} from './chat-fields.ts';
import { inputTokensMax } from './count-tokens.ts';
import { defineModel } from './model-contract.ts';

/** Beyond what present servers are set up for; they refuse what exceeds theirs. */
const outputTokensMax = 131_072;

/** What Text Generation Inference and vLLM both take at POST /chat/completions. */
export const openaiCompatibleChat = defineModel({
  provider: 'openai-compatible',
  name: 'chat',
  title: 'OpenAI-compatible chat',
  description: 'Whatever text model an OpenAI-compatible endpoint serves, such as a Hugging Face Inference Endpoint.',
  type: 'text',
  input: z.strictObject({
    messages: chatMessages(['system', 'user', 'assistant']),
    /** TGI serves one model and takes any name for it. */
    model: z.string().min(1).max(200).optional(),
    max_completion_tokens: z.int().min(1).max(outputTokensMax).optional(),
    temperature: temperature.optional(),
    top_p: topP.optional(),
    presence_penalty: penalty.optional(),
    frequency_penalty: penalty.optional(),
    seed: chatSeed.min(0).optional(),
    stop: stop.optional(),
    response_format: responseFormat.optional(),
  }),
  complete: (input) => ({
    ...input,
    model: input.model ?? 'tgi',
    max_completion_tokens: input.max_completion_tokens ?? outputTokensDefault,
  }),
  measure: (input) => ({
    units: 0,
    tokens: {
      input: inputTokensMax(input, 'foreign'),
      output: input.max_completion_tokens ?? outputTokensDefault,
    },
  }),
});
