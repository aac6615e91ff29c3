import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type OpenAI from 'openai';
import type { Answered } from '../exchange.ts';
import type { SubmitRequest, SubmitResult } from '../provider.ts';
import { type ChatUsage, readChatChunk } from './chat-chunk.ts';
import { requestOptions } from './openai-sdk.ts';
import { readTextStream } from './read-text-stream.ts';

export interface ChatOptions {
  sdk: OpenAI;
  apiKey: string;
  timeoutMs: number;
  /** Sent beside `stream` and its options. */
  body: Record<string, unknown>;
  translateError(answer: Answered): JobErrorCode | null;
  statusOfError(code: unknown): number;
  costOf(usage: ChatUsage): string | undefined;
}

/** Sends one streamed POST /chat/completions. */
export function completeChat(request: SubmitRequest, options: ChatOptions): Promise<SubmitResult> {
  const { sdk, body, costOf } = options;
  const params = { ...body, stream: true, stream_options: { include_usage: true } };
  return readTextStream(request, {
    ...options,
    open: (context) =>
      sdk.chat.completions.create(
        params as unknown as OpenAI.ChatCompletionCreateParamsStreaming, // valid by the model's contract
        requestOptions(context),
      ),
    read: (chunk) => readChatChunk(chunk, costOf),
  });
}
