import { randomBytes } from 'node:crypto';
import { stripDirectives } from '../../directives.ts';
import { findViolations, isJsonObject } from '../../field-rules.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import { planTextTask } from '../../text/plan-text-task.ts';
import { sendMalformedSpeech, sendSpeech, speechSeconds } from '../../text/send-speech.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import { makeSpeech } from './make-speech.ts';
import { creditsFor, defaultModel, findSpeechModel, outputFormats, type SpeechModel, speechRules } from './models.ts';
import {
  describeViolation,
  detail,
  elevenlabsVoice,
  invalid,
  modelNotFound,
  textTooLong,
  voiceNotFound,
} from './replies.ts';
import { findVoice } from './voices.ts';

const defaultFormat = 'mp3_44100_128';
const queryNames = ['enable_logging', 'optimize_streaming_latency', 'output_format'];
/** Task ids begin so; the rest is the request's id. */
export const taskPrefix = 'hist';

/** POST /v1/text-to-speech/{voice_id}: silence of the right length. */
export function textToSpeech(sandbox: Sandbox): PaidEndpoint {
  const requests = new Map<string, number>();
  return {
    voice: elevenlabsVoice,
    readPrompt: (body) => body.text,
    submit: (call) => submit(sandbox, requests, call),
  };
}

function submit(sandbox: Sandbox, requests: Map<string, number>, call: PaidCall): Verdict {
  const { body, req, res, prompt } = call;
  const voiceId = String(req.params.voiceId);
  const format = typeof req.query.output_format === 'string' ? req.query.output_format : defaultFormat;
  const modelId = typeof body.model_id === 'string' ? body.model_id : defaultModel;
  const model = findSpeechModel(modelId);
  const refusal = check(call, format, voiceId, model ?? modelId);
  if (refusal || !model) return { isAccepted: false, reply: refusal ?? modelNotFound(modelId) };
  const speech = makeSpeech(format, secondsOf(prompt, body));
  if (!speech) return { isAccepted: false, reply: noEncoder(format) };

  const requestId = randomBytes(10).toString('hex');
  const task = planTextTask(sandbox, call, {
    id: `${taskPrefix}${requestId}`,
    provider: elevenlabsVoice.name,
    model: model.id,
    input: { ...body, voice_id: voiceId, output_format: format, enable_logging: req.query.enable_logging !== 'false' },
  });
  return {
    isAccepted: true,
    task,
    answer: () => {
      res.setHeader('request-id', requestId);
      if (task.ending === 'succeeded') res.setHeader('character-cost', creditsFor(model, prompt));
      res.setHeader('maximum-concurrent-requests', model.concurrencyMax);
      res.setHeader('current-concurrent-requests', countRequest(requests, call));
      return sendSpeech(res, task, elevenlabsVoice, speech);
    },
    answerMalformed: () => sendMalformedSpeech(res, task, speech),
  };
}

function check(call: PaidCall, format: string, voiceId: string, model: SpeechModel | string): Reply | null {
  const { body, req, prompt } = call;
  const violations = findViolations(body, speechRules).map(describeViolation);
  for (const name of Object.keys(req.query)) {
    if (queryNames.includes(name)) continue;
    violations.push({ loc: ['query', name], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' });
  }
  if (!outputFormats.includes(format)) {
    violations.push({
      loc: ['query', 'output_format'],
      msg: `Input should be one of: ${outputFormats.join(', ')}`,
      type: 'enum',
    });
  }
  if (violations.length > 0) return invalid(violations);
  if (!findVoice(voiceId)) return voiceNotFound(voiceId);
  if (typeof model === 'string') return modelNotFound(model);
  const characters = Array.from(prompt).length;
  if (characters > model.charactersMax) return textTooLong(characters, model.charactersMax);
  if (call.fault !== 'refused') return null;
  // Observed of the provider's music; for speech nothing is documented.
  return detail(400, 'bad_prompt', 'Your prompt appears to have violated our Terms of Service.');
}

/** How long a call's text is when it is spoken as its body asks. */
export function secondsOf(prompt: string, { voice_settings: settings }: Record<string, unknown>): number {
  const speed = isJsonObject(settings) && typeof settings.speed === 'number' ? settings.speed : 1;
  return speechSeconds(stripDirectives(prompt), speed);
}

function noEncoder(format: string): Reply {
  return detail(
    400,
    'unsupported_output_format',
    `The sandbox has no encoder for '${format}'; it has mp3, wav, pcm, ulaw and alaw.`,
  );
}

/** Counts a key's requests under way, this one included. The limit is told and not enforced. */
function countRequest(requests: Map<string, number>, { key, res }: PaidCall): number {
  const count = (requests.get(key) ?? 0) + 1;
  requests.set(key, count);
  res.once('close', () => {
    const left = (requests.get(key) ?? 1) - 1;
    if (left > 0) requests.set(key, left);
    else requests.delete(key);
  });
  return count;
}
