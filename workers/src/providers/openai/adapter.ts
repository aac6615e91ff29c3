import { outputHostTest } from '../custom-host.ts';
import { isSuccess } from '../exchange.ts';
import { judgeFailedSubmit, stoppedBeforeSending } from '../judge-exchange.ts';
import type { PollResult, Provider, ProviderOutput, SubmitRequest, SubmitResult } from '../provider.ts';
import { createOpenaiClient, type OpenaiClient } from './client.ts';
import { type ImagesUsage, imagesSchema } from './schemas.ts';
import { translateError } from './translate-error.ts';

/** USD per million tokens is millionths of a USD per token. https://developers.openai.com/api/docs/pricing */
const textInputMicrousd = 5;
const imageOutputMicrousd = 30;

export interface OpenaiOptions {
  apiKey: string;
  baseUrl: string;
  timeoutMs?: number;
}

/** OpenAI images: the answer to the paid call holds the pictures, so there is nothing to poll, cancel or find again. */
export function createOpenai({ apiKey, baseUrl, timeoutMs = 240_000 }: OpenaiOptions): Provider {
  const client = createOpenaiClient({ apiKey, baseUrl, timeoutMs });
  return {
    id: 'openai',
    submit: (request) => submit(client, request),
    poll: async (): Promise<PollResult> => ({ kind: 'gone' }),
    isOutputHost: outputHostTest([], baseUrl),
  };
}

async function submit(client: OpenaiClient, request: SubmitRequest): Promise<SubmitResult> {
  if (request.signal.aborted) return stoppedBeforeSending;
  const body = { model: request.model, ...request.input };
  const exchange = await client({ body, requestId: request.requestId, signal: request.signal });
  const answer = isSuccess(exchange) ? imagesSchema.safeParse(exchange.body).data : undefined;
  if (!answer) return judgeFailedSubmit(exchange, translateError);
  const files: ProviderOutput['files'] = answer.data.map((image) => ({
    kind: 'bytes',
    bytes: Buffer.from(image.b64_json, 'base64'),
  }));
  const costUsd = answer.usage ? costOf(answer.usage) : undefined;
  return { kind: 'done', output: { files, ...(costUsd !== undefined && { costUsd }) } };
}

/** The price in USD; undefined when tokens were used whose price is not documented. */
function costOf(usage: ImagesUsage): string | undefined {
  const imageInput = usage.input_tokens_details?.image_tokens ?? 0;
  const textOutput = usage.output_tokens_details?.text_tokens ?? 0;
  if (imageInput > 0 || textOutput > 0) return undefined;
  const microusd = usage.input_tokens * textInputMicrousd + usage.output_tokens * imageOutputMicrousd;
  return (microusd / 1_000_000).toFixed(6);
}
