import { judgeFailedSubmit, judgeKey, stoppedBeforeSending } from '../judge-exchange.ts';
import {
  type CheckKeyRequest,
  type KeyVerdict,
  type OutputFile,
  type Provider,
  ProviderUnreachable,
  type SubmitRequest,
  type SubmitResult,
} from '../provider.ts';
import { createElevenlabsClient } from './client.ts';
import type { ElevenlabsApi } from './elevenlabs-api.ts';
import { findSpeech, pollSpeech } from './find-speech.ts';
import { translateError } from './translate-error.ts';

export interface ElevenlabsOptions {
  apiKey: string;
  baseUrl: string;
  /** What 1,000 credits cost the account: its plan decides, and the API does not say. */
  usdPer1000Credits: number;
  timeoutMs?: number;
}

/** 40,000 characters are three quarters of an hour of speech. */
const timeoutMsDefault = 600_000;

/**
 * ElevenLabs: the answer to the paid call is the sound. One whose answer was lost is in the account's history, from where
 * it is fetched as a task.
 */
export function createElevenlabs(options: ElevenlabsOptions): Provider {
  const { apiKey, baseUrl, usdPer1000Credits, timeoutMs = timeoutMsDefault } = options;
  const api: ElevenlabsApi = {
    client: createElevenlabsClient({ apiKey, baseUrl, timeoutMs }),
    costOf: (credits) => ((credits * usdPer1000Credits) / 1_000).toFixed(6),
  };
  return {
    id: 'elevenlabs',
    callsBack: false,
    submit: (request) => submit(api, request),
    poll: (taskId, request) => pollSpeech(api, taskId, request),
    findTasks: (request) => findSpeech(api, request),
    checkKey: (request) => checkKey(api, request),
    isOutputHost: () => false,
  };
}

async function submit({ client, costOf }: ElevenlabsApi, request: SubmitRequest): Promise<SubmitResult> {
  if (request.signal.aborted) return stoppedBeforeSending;
  const { voice_id, output_format, ...body } = request.input;
  const answer = await client({
    method: 'POST',
    path: `/v1/text-to-speech/${encodeURIComponent(String(voice_id))}`,
    ...(output_format !== undefined && { params: { output_format: String(output_format) } }),
    data: { ...body, model_id: request.model },
    requestId: request.requestId,
    signal: request.signal,
  });
  if (answer.kind !== 'sound') return judgeFailedSubmit(answer, translateError);
  const contentType = rawContentType(String(output_format));
  const file: OutputFile = { kind: 'bytes', bytes: answer.bytes, ...(contentType !== null && { contentType }) };
  const { characterCost } = answer;
  return { kind: 'done', output: { files: [file], ...(characterCost !== null && { costUsd: costOf(characterCost) }) } };
}

/** Formats without a header, such as `pcm_16000` (16 bits): what they are is not in the bytes. */
function rawContentType(outputFormat: string): string | null {
  const [codec, rate] = outputFormat.split('_');
  if (codec === 'pcm') return `audio/pcm;rate=${rate}`;
  return codec === 'ulaw' || codec === 'alaw' ? `audio/${codec}` : null;
}

async function checkKey({ client }: ElevenlabsApi, { requestId, signal }: CheckKeyRequest): Promise<KeyVerdict> {
  const answer = await client({ method: 'GET', path: '/v1/user/subscription', requestId, signal });
  if (answer.kind === 'sound') throw new ProviderUnreachable('a sound where JSON was asked for');
  return judgeKey(answer);
}
