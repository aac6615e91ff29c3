import type OpenAI from 'openai';
import { readSdkError, requestOptions } from '../chat/openai-sdk.ts';
import { answered, type Exchange } from '../exchange.ts';
import { judgeFailedSubmit, stoppedBeforeSending } from '../judge-exchange.ts';
import type { OutputFile, SubmitRequest, SubmitResult } from '../provider.ts';
import { isSound, readBody } from '../read-sound.ts';
import type { OpenaiApi } from './openai-api.ts';
import { speechCost } from './prices.ts';
import { translateError } from './translate-error.ts';

/** https://developers.openai.com/api/docs/guides/text-to-speech: raw samples are 24 kHz, 16 bits, without a header. */
const rawContentType = 'audio/pcm;rate=24000';

/** One POST /audio/speech; its answer is the sound. */
export async function createSpeech(api: OpenaiApi, request: SubmitRequest): Promise<SubmitResult> {
  if (request.signal.aborted) return stoppedBeforeSending;
  const sound = await send(api, request);
  if ('kind' in sound) return judgeFailedSubmit(sound, translateError);
  const { input, response_format } = request.input;
  const file: OutputFile = {
    kind: 'bytes',
    bytes: sound,
    ...(response_format === 'pcm' && { contentType: rawContentType }),
  };
  const costUsd = speechCost(request.model, String(input).length);
  return { kind: 'done', output: { files: [file], ...(costUsd !== undefined && { costUsd }) } };
}

/** The sound, or what became of the request instead. */
async function send({ sdk, apiKey, timeoutMs }: OpenaiApi, request: SubmitRequest): Promise<Uint8Array | Exchange> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const context = { requestId: request.requestId, signal: AbortSignal.any([request.signal, deadline]) };
  const params = { model: request.model, ...request.input };
  try {
    const response = await sdk.audio.speech.create(
      params as unknown as OpenAI.Audio.SpeechCreateParams, // valid by the model's contract
      requestOptions(context),
    );
    const bytes = await readBody(response.body, response.headers.get('content-length'));
    if (isSound(response.headers.get('content-type'), bytes)) return bytes;
    const text = Buffer.from(bytes.subarray(0, 2_000)).toString();
    return answered({ status: response.status, text, retryAfter: null }, apiKey);
  } catch (error) {
    if (deadline.aborted) return { kind: 'lost', detail: `no whole answer within ${timeoutMs} ms` };
    return readSdkError(error, apiKey);
  }
}
