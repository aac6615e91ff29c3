import * as z from 'zod';
import type { TextEvent } from './read-text-stream.ts';

const tokens = z.int().min(0);

const usageSchema = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  prompt_tokens_details: z
    .object({ cached_tokens: tokens.nullish(), cache_write_tokens: tokens.nullish() })
    .nullish()
    .catch(undefined),
  /** OpenRouter only, in USD. */
  cost: z.number().min(0).nullish().catch(undefined),
});

export type ChatUsage = z.infer<typeof usageSchema>;

/** The part of a chunk of chat completions that is used. A bill that cannot be read must not cost a paid text. */
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usageSchema.nullish().catch(undefined),
});

/** Reads a chunk of chat completions, by the protocol that OpenAI made; `{}` for one of another shape. */
export function readChatChunk(chunk: unknown, costOf: (usage: ChatUsage) => string | undefined): TextEvent {
  const parsed = chunkSchema.safeParse(chunk).data;
  const choice = parsed?.choices?.[0];
  const usage = parsed?.usage;
  const costUsd = usage ? costOf(usage) : undefined;
  const finish = choice?.finish_reason;
  return {
    ...(choice?.delta?.content && { delta: choice.delta.content }),
    ...(choice?.delta?.refusal && { refusal: choice.delta.refusal }),
    ...(finish &&
      (finish === 'error' ? { error: { message: 'finished with an error' } } : { finish: readFinish(finish) })),
    ...(usage && { usage: { tokensIn: usage.prompt_tokens, tokensOut: usage.completion_tokens } }),
    ...(costUsd !== undefined && { costUsd }),
  };
}

/** Servers have names of their own for an ordinary end, such as `eos_token`. */
function readFinish(reason: string): 'stop' | 'length' | 'content_filter' {
  return reason === 'length' || reason === 'content_filter' ? reason : 'stop';
}
