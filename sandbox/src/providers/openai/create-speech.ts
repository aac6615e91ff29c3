import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import { stripDirectives } from '../../directives.ts';
import type { FieldRules } from '../../field-rules.ts';
import { makeMp3, makePcm, makeWav } from '../../media/make-audio.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import type { Task } from '../../task.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { type FieldShapes, findViolation } from '../../text/field-shapes.ts';
import { planTextTask } from '../../text/plan-text-task.ts';
import { type Speech, sendMalformedSpeech, sendSpeech, speechSeconds } from '../../text/send-speech.ts';
import { jsonEvent, type StreamEnd, type StreamWords, streamText } from '../../text/stream-text.ts';
import type { PaidCall, PaidEndpoint, TokenUsage, Verdict } from '../provider.ts';
import { findOpenaiModel } from './models.ts';
import { invalidField, invalidPrompt, modelNotFound, openaiVoice, unsupportedValue } from './replies.ts';

const sampleRate = 24_000;
/** $0.015 a minute, as published, at $12 a million audio tokens. */
const audioTokensPerSecond = 20;
const eventsCount = 8;
const voices = 'alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar'.split(' ');

const rules: FieldRules = {
  model: { type: 'string', isRequired: true },
  input: { type: 'string', isRequired: true, min: 1, max: 4096 },
  instructions: { type: 'string', max: 4096 },
  response_format: { type: 'string', values: ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] },
  speed: { type: 'number', min: 0.25, max: 4 },
  stream_format: { type: 'string', values: ['sse', 'audio'] },
};

const shapes: FieldShapes = {
  voice: [
    { type: 'string', isRequired: true, values: voices },
    { type: 'object', isRequired: true, fields: { id: { type: 'string', isRequired: true } } },
  ],
};

/** POST /audio/speech: silence of the right length. */
export function createSpeech(sandbox: Sandbox): PaidEndpoint {
  return {
    voice: openaiVoice,
    readPrompt: (body) => body.input,
    submit: (call) => submit(sandbox, call),
  };
}

function submit(sandbox: Sandbox, call: PaidCall): Verdict {
  const { body, res } = call;
  const refusal = check(call);
  if (refusal) return { isAccepted: false, reply: refusal };
  const model = String(body.model);
  const id = `speech_${randomUUID().replaceAll('-', '')}`;
  const task = planTextTask(sandbox, call, { id, provider: openaiVoice.name, model });
  const seconds = speechSeconds(stripDirectives(call.prompt), typeof body.speed === 'number' ? body.speed : 1);
  const speech = makeSpeech(body.response_format, seconds);
  const usage = {
    tokensIn: countTokens(call.prompt),
    tokensOut: Math.ceil(seconds * audioTokensPerSecond),
  };
  const isEvents = body.stream_format === 'sse';
  return {
    isAccepted: true,
    task,
    // The older models charge for characters.
    ...(!isOldModel(model) && { usage }),
    answer: () =>
      isEvents ? streamSpeech(res, task, speech, usage).then(() => null) : sendSpeech(res, task, openaiVoice, speech),
    answerMalformed: () =>
      isEvents ? streamSpeech(res, task, speech, usage, 'malformed') : sendMalformedSpeech(res, task, speech),
  };
}

function check({ body, fault }: PaidCall): Reply | null {
  const violation = findViolation(body, rules, shapes);
  if (violation) return invalidField(violation);
  const model = String(body.model);
  if (!findOpenaiModel(model, 'speech')) return modelNotFound(model);
  for (const param of ['instructions', 'stream_format'] as const) {
    if (isOldModel(model) && body[param] !== undefined && body[param] !== 'audio') {
      return unsupportedValue(param, `Unsupported parameter: '${param}' is not supported with the '${model}' model.`);
    }
  }
  const format = body.response_format;
  if (format === 'opus' || format === 'aac' || format === 'flac') {
    return unsupportedValue('response_format', `The sandbox has no encoder for '${format}'; it has mp3, wav and pcm.`);
  }
  return fault === 'refused' ? invalidPrompt() : null;
}

function isOldModel(model: string): boolean {
  return model.startsWith('tts-1');
}

function makeSpeech(format: unknown, seconds: number): Speech {
  switch (format) {
    case 'wav':
      return { contentType: 'audio/wav', bytes: () => makeWav(seconds, sampleRate) };
    case 'pcm':
      return { contentType: 'audio/pcm', bytes: () => makePcm(seconds, sampleRate) };
    default:
      return { contentType: 'audio/mpeg', bytes: () => makeMp3(seconds) };
  }
}

function streamSpeech(res: Response, task: Task, speech: Speech, usage: TokenUsage, end?: StreamEnd): Promise<void> {
  const deltas = task.fault === 'empty_output' ? [] : encodeParts(speech.bytes());
  const words: StreamWords = {
    opening: () => '',
    delta: (audio) => jsonEvent({ type: 'speech.audio.delta', audio }),
    closing: () => jsonEvent({ type: 'speech.audio.done', ...(task.fault !== 'no_usage' && presentUsage(usage)) }),
    failure: () => jsonEvent(openaiVoice.serverError().body),
  };
  return streamText(res, task, deltas, words, end);
}

function presentUsage({ tokensIn, tokensOut }: TokenUsage) {
  return { usage: { input_tokens: tokensIn, output_tokens: tokensOut, total_tokens: tokensIn + tokensOut } };
}

function encodeParts(bytes: Buffer): string[] {
  const startOf = (index: number) => Math.floor((index * bytes.length) / eventsCount);
  return Array.from({ length: eventsCount }, (_, index) =>
    bytes.subarray(startOf(index), startOf(index + 1)).toString('base64'),
  );
}
