import type OpenAI from 'openai';
import type { ChatUsage } from '../chat/chat-chunk.ts';
import { completeChat } from '../chat/complete-chat.ts';
import { requestOptions } from '../chat/openai-sdk.ts';
import { readTextStream } from '../chat/read-text-stream.ts';
import type { SubmitRequest, SubmitResult } from '../provider.ts';
import type { OpenaiApi } from './openai-api.ts';
import { textCost } from './prices.ts';
import { readResponseEvent } from './response-event.ts';
import { statusOfError, translateError } from './translate-error.ts';

/** One streamed POST /chat/completions or /responses, by the form of the input. OpenAI keeps neither. */
export function writeText(api: OpenaiApi, request: SubmitRequest): Promise<SubmitResult> {
  const { model, input } = request;
  const body = { model, ...input, store: false };
  const reading = { ...api, translateError, statusOfError };
  if (input.messages !== undefined) {
    return completeChat(request, { ...reading, body, costOf: (usage) => chatCost(model, usage) });
  }
  return readTextStream(request, {
    ...reading,
    open: (context) =>
      api.sdk.responses.create(
        { ...body, stream: true } as OpenAI.Responses.ResponseCreateParamsStreaming, // valid by the model's contract
        requestOptions(context),
      ),
    read: (event) => readResponseEvent(model, event),
  });
}

function chatCost(model: string, usage: ChatUsage): string | undefined {
  return textCost(model, {
    input: usage.prompt_tokens,
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
    written: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
    output: usage.completion_tokens,
  });
}
