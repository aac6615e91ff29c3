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
  textFormat,
  topP,
  verbosity,
} from './chat-fields.ts';
import { inputTokensMax, type TextInput } from './count-tokens.ts';
import { defineModel } from './model-contract.ts';

/** https://developers.openai.com/api/docs/models/gpt-6-luna and …/gpt-4.1-mini */
const lunaTokensMax = 128_000;
const miniTokensMax = 32_768;

/** `low` to `max` as in the model's page. */
const effort = z.enum(['none', 'low', 'medium', 'high', 'xhigh', 'max']);
const itemPart = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const itemType = z.literal('message').optional();
const item = z.discriminatedUnion('role', [
  z.strictObject({ type: itemType, role: z.literal('assistant'), content: z.string() }),
  z.strictObject({
    type: itemType,
    role: z.enum(['user', 'system', 'developer']),
    content: z.union([z.string(), z.array(itemPart).min(1).max(1_000)]),
  }),
]);

/** POST /chat/completions of both models. */
const chatFields = (tokensMax: number) => ({
  messages: chatMessages(['developer', 'system', 'user', 'assistant']).optional(),
  max_completion_tokens: z.int().min(1).max(tokensMax).optional(),
  response_format: responseFormat.optional(),
  stop: stop.optional(),
  seed: chatSeed.optional(),
  presence_penalty: penalty.optional(),
  frequency_penalty: penalty.optional(),
  logit_bias: logitBias.optional(),
});

/** POST /responses of both models. */
const responsesFields = (tokensMax: number) => ({
  input: z.union([z.string().min(1), z.array(item).min(1).max(1_000)]).optional(),
  instructions: z.string().optional(),
  max_output_tokens: z.int().min(16).max(tokensMax).optional(),
  truncation: z.enum(['auto', 'disabled']).optional(),
});

const fieldsOfBoth = { temperature: temperature.optional(), top_p: topP.optional() };

const chatNames = new Set([...Object.keys(chatFields(1)), 'reasoning_effort', 'verbosity']);
const responsesNames = new Set([...Object.keys(responsesFields(16)), 'reasoning', 'text']);

const miniInput = z
  .strictObject({
    ...chatFields(miniTokensMax),
    ...responsesFields(miniTokensMax),
    ...fieldsOfBoth,
    text: z.strictObject({ format: textFormat.optional() }).optional(),
  })
  .superRefine(checkForm);

const lunaInput = z
  .strictObject({
    ...chatFields(lunaTokensMax),
    ...responsesFields(lunaTokensMax),
    ...fieldsOfBoth,
    reasoning_effort: effort.optional(),
    verbosity: verbosity.optional(),
    reasoning: z.strictObject({ effort: effort.optional() }).optional(),
    text: z.strictObject({ format: textFormat.optional(), verbosity: verbosity.optional() }).optional(),
  })
  .superRefine(checkForm)
  .superRefine((input, context) => {
    // https://developers.openai.com/api/docs/guides/deployment-checklist
    if ((input.reasoning_effort ?? input.reasoning?.effort) === 'none') return;
    for (const name of ['temperature', 'top_p'] as const) {
      if (input[name] === undefined) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'can only be set with the reasoning effort "none"' });
    }
  });

/** Priced by the tokens read and written; thinking counts as writing. */
export const gpt6Luna = defineModel({
  provider: 'openai',
  name: 'gpt-6-luna',
  title: 'GPT-6 Luna',
  description: 'Text by OpenAI: efficient for chat, classification, summaries and structured answers.',
  type: 'text',
  input: lunaInput,
  complete: boundOutput,
  measure,
});

/** Ends at OpenAI on 2027-01-14. */
export const gpt41Mini = defineModel({
  provider: 'openai',
  name: 'gpt-4.1-mini',
  title: 'GPT-4.1 mini',
  description: 'Text by OpenAI without reasoning. Ends on 2027-01-14: use gpt-6-luna.',
  type: 'text',
  input: miniInput,
  complete: boundOutput,
  measure,
});

interface EitherForm {
  messages?: TextInput['messages'];
  input?: TextInput['input'];
  max_completion_tokens?: number | undefined;
  max_output_tokens?: number | undefined;
}

/** Exactly one of the two forms, with the fields of that form only. */
function checkForm(input: EitherForm, context: z.RefinementCtx): void {
  if ((input.messages === undefined) === (input.input === undefined)) {
    const message = 'must have either messages (Chat Completions) or input (Responses)';
    context.addIssue({ code: 'custom', path: [], message });
    return;
  }
  const [form, strangers] = input.messages ? ['messages', responsesNames] : ['input', chatNames];
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || !strangers.has(name)) continue;
    context.addIssue({ code: 'custom', path: [name], message: `cannot be combined with ${form}` });
  }
}

function boundOutput<T extends EitherForm>(input: T): T {
  return input.messages
    ? { ...input, max_completion_tokens: input.max_completion_tokens ?? outputTokensDefault }
    : { ...input, max_output_tokens: input.max_output_tokens ?? outputTokensDefault };
}

function measure(input: EitherForm & TextInput) {
  const output = input.max_completion_tokens ?? input.max_output_tokens ?? outputTokensDefault;
  return { units: 0, tokens: { input: inputTokensMax(input, 'own'), output } };
}
