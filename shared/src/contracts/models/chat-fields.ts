import * as z from 'zod';

/** Fields that the chat protocols of OpenAI, OpenRouter and compatible servers share. Text only, no tools, no stored state. */

const partsMax = 1_000;
const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

/** A list of messages, written by these roles. */
export function chatMessages<const Role extends string>(roles: readonly [Role, ...Role[]]) {
  return z
    .array(
      z.strictObject({
        role: z.enum(roles),
        content: z.union([z.string(), z.array(textPart).min(1).max(partsMax)]),
        name: z
          .string()
          .regex(/^[^\s<|\\/>]{1,64}$/, 'must be 1 to 64 characters without spaces and < | \\ / >')
          .optional(),
      }),
    )
    .min(1)
    .max(partsMax);
}

const formatName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, underscores or dashes');
const jsonSchema = {
  name: formatName,
  description: z.string().max(4_000).optional(),
  schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().optional(),
};

/** `response_format` of Chat Completions. */
export const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({ type: z.literal('json_schema'), json_schema: z.strictObject(jsonSchema) }),
]);

/** `text.format` of Responses: the same without the inner object. */
export const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({ type: z.literal('json_schema'), ...jsonSchema }),
]);

export const temperature = z.number().min(0).max(2);
export const topP = z.number().min(0).max(1);
export const penalty = z.number().min(-2).max(2);
export const chatSeed = z.int();
export const stop = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)]);
export const logitBias = z.record(z.string().regex(/^\d{1,7}$/, 'must be a token id'), z.number().min(-100).max(100));
export const verbosity = z.enum(['low', 'medium', 'high']);

/** What a caller leaves open is bounded all the same, so that a price is known. */
export const outputTokensDefault = 4_096;
