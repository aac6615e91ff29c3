import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { createSdk, exchangeJson, requestOptions } from '../chat/openai-sdk.ts';
import { judgeKey } from '../judge-exchange.ts';
import type { CheckKeyRequest, KeyVerdict, Provider, SubmitRequest, SubmitResult } from '../provider.ts';
import { createSpeech } from './create-speech.ts';
import { generateImages } from './generate-images.ts';
import type { OpenaiApi } from './openai-api.ts';
import { errorBodySchema } from './schemas.ts';
import { writeText } from './write-text.ts';

export interface OpenaiOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for a picture, a sound or the next event of a text. */
  timeoutMs?: number;
}

/** Below the 300 s after which Node gives up on a silent answer by itself. */
const timeoutMsDefault = 240_000;

/**
 * OpenAI: pictures, speech and text. The answer to each paid call holds the result, so there is nothing to poll, cancel or
 * find again.
 */
export function createOpenai({ apiKey, baseUrl, timeoutMs = timeoutMsDefault }: OpenaiOptions): Provider {
  const api = { sdk: createSdk({ apiKey, baseUrl, timeoutMs }), apiKey, timeoutMs };
  return {
    id: 'openai',
    callsBack: false,
    submit: (request) => submit(api, request),
    poll: async () => ({ kind: 'gone' }),
    checkKey: (request) => checkKey(api, request),
    isOutputHost: () => false,
  };
}

async function submit(api: OpenaiApi, request: SubmitRequest): Promise<SubmitResult> {
  const type = findModelContract(`openai/${request.model}`)?.type;
  switch (type) {
    case 'image':
      return generateImages(api, request);
    case 'audio':
      return createSpeech(api, request);
    case 'text':
      return writeText(api, request);
    default:
      return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
  }
}

/** A restricted key may not list models; that it lacks this one permission says that it is known otherwise. */
async function checkKey({ sdk, apiKey, timeoutMs }: OpenaiApi, request: CheckKeyRequest): Promise<KeyVerdict> {
  const exchange = await exchangeJson(apiKey, timeoutMs, request, (context) =>
    sdk.get('/models', requestOptions(context)),
  );
  if (exchange.kind === 'answered' && exchange.status === 403) {
    const message = errorBodySchema.safeParse(exchange.body).data?.error.message ?? '';
    if (/insufficient permissions|missing scopes/i.test(message)) return { isValid: true };
  }
  return judgeKey(exchange);
}
