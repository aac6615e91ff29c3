import type OpenAI from 'openai';
import { exchangeJson, requestOptions } from '../chat/openai-sdk.ts';
import { isSuccess } from '../exchange.ts';
import { judgeFailedSubmit, stoppedBeforeSending } from '../judge-exchange.ts';
import type { OutputFile, SubmitRequest, SubmitResult } from '../provider.ts';
import type { OpenaiApi } from './openai-api.ts';
import { imagesCost } from './prices.ts';
import { imagesSchema } from './schemas.ts';
import { translateError } from './translate-error.ts';

/** One POST /images/generations; its answer holds the pictures. */
export async function generateImages(api: OpenaiApi, request: SubmitRequest): Promise<SubmitResult> {
  if (request.signal.aborted) return stoppedBeforeSending;
  const body = { model: request.model, ...request.input };
  const exchange = await exchangeJson(api.apiKey, api.timeoutMs, request, (context) =>
    api.sdk.images.generate(
      body as unknown as OpenAI.ImageGenerateParamsNonStreaming, // valid by the model's contract
      requestOptions(context),
    ),
  );
  const answer = isSuccess(exchange) ? imagesSchema.safeParse(exchange.body).data : undefined;
  if (!answer) return judgeFailedSubmit(exchange, translateError);
  const files: OutputFile[] = answer.data.map((image) => ({
    kind: 'bytes',
    bytes: Buffer.from(image.b64_json, 'base64'),
  }));
  const costUsd = answer.usage ? imagesCost(request.model, answer.usage) : undefined;
  return { kind: 'done', output: { files, ...(costUsd !== undefined && { costUsd }) } };
}
