import * as z from 'zod';
import type { TextEvent } from '../chat/read-text-stream.ts';
import { textCost } from './prices.ts';

const tokens = z.int().min(0);

const usageSchema = z.object({
  input_tokens: tokens,
  input_tokens_details: z
    .object({ cached_tokens: tokens.nullish(), cache_write_tokens: tokens.nullish() })
    .nullish()
    .catch(undefined),
  output_tokens: tokens,
});

/** A bill that cannot be read must not cost a paid text. */
const finalResponse = z.object({
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  usage: usageSchema.nullish().catch(undefined),
});

/** The events of a streamed response that say something about its text. */
const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response.output_text.delta'), delta: z.string() }),
  z.object({ type: z.literal('response.refusal.delta'), delta: z.string() }),
  z.object({ type: z.literal('response.completed'), response: finalResponse }),
  z.object({ type: z.literal('response.incomplete'), response: finalResponse }),
  z.object({ type: z.literal('response.failed'), response: finalResponse }),
  z.object({ type: z.literal('error'), code: z.string().nullish(), message: z.string().nullish() }),
]);

/** Reads an event of POST /responses; `{}` for one that says nothing about the text. */
export function readResponseEvent(model: string, data: unknown): TextEvent {
  const event = eventSchema.safeParse(data).data;
  if (!event) return {};
  switch (event.type) {
    case 'response.output_text.delta':
      return { delta: event.delta };
    case 'response.refusal.delta':
      return { refusal: event.delta };
    case 'response.completed':
      return { finish: 'stop', ...readUsage(model, event.response.usage) };
    case 'response.incomplete': {
      const isFiltered = event.response.incomplete_details?.reason === 'content_filter';
      return { finish: isFiltered ? 'content_filter' : 'length', ...readUsage(model, event.response.usage) };
    }
    case 'response.failed':
      return { error: event.response.error ?? {}, isFailed: true, ...readUsage(model, event.response.usage) };
    case 'error':
      return { error: event };
    default:
      return event satisfies never;
  }
}

function readUsage(model: string, usage: z.infer<typeof usageSchema> | null | undefined): TextEvent {
  if (!usage) return {};
  const costUsd = textCost(model, {
    input: usage.input_tokens,
    cached: usage.input_tokens_details?.cached_tokens ?? 0,
    written: usage.input_tokens_details?.cache_write_tokens ?? 0,
    output: usage.output_tokens,
  });
  return {
    usage: { tokensIn: usage.input_tokens, tokensOut: usage.output_tokens },
    ...(costUsd !== undefined && { costUsd }),
  };
}
