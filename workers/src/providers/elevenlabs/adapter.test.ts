import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { ProviderUnreachable, type SubmitRequest } from '../provider.ts';
import { serve } from '../raw-servers.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createElevenlabs } from './adapter.ts';
import { listVoices } from './list-voices.ts';

const names = ['eleven_multilingual_v2', 'eleven_v3', 'eleven_flash_v2_5', 'eleven_turbo_v2_5'];
const voiceId = '21m00Tcm4TlvDq8ikWAM';

describeProvider('elevenlabs', {
  create: (options) => createElevenlabs({ ...options, usdPer1000Credits: 0.1 }),
  sandboxPath: '/elevenlabs',
  models: names.map((name) => ({
    name,
    // The history shows a sound once it is made, so here it is made at once.
    input: (prompt) => ({ text: `${prompt} [sandbox: latency=0]`, voice_id: voiceId }),
  })),
  outputHost: null,
});

const create = (baseUrl = `${sandboxUrl()}/elevenlabs`) =>
  createElevenlabs({ apiKey: `key-${randomUUID()}`, baseUrl, usdPer1000Credits: 0.2 });

function order(directives: string, options: Record<string, unknown> = {}, model = 'eleven_multilingual_v2') {
  const text = `A mill ${randomUUID()} [sandbox: latency=0${directives}]`;
  const request: SubmitRequest = {
    model,
    input: { text, voice_id: voiceId, ...options },
    requestId: 'elevenlabs-test',
    secondsLeft: 600,
    signal: AbortSignal.timeout(10_000),
  };
  return { request, text };
}

const allOptions = {
  output_format: 'mp3_44100_64',
  voice_settings: { stability: 0.4, similarity_boost: 0.6, style: 0.1, use_speaker_boost: false, speed: 1.1 },
  pronunciation_dictionary_locators: [{ pronunciation_dictionary_id: 'dictionary', version_id: 'first' }],
  seed: 7,
  use_pvc_as_ivc: false,
  apply_text_normalization: 'on',
  apply_language_text_normalization: false,
};
const stitching = {
  previous_text: 'Once.',
  next_text: 'The end.',
  previous_request_ids: ['before'],
  next_request_ids: ['after'],
};
const language = { language_code: 'pt' };

it.skipIf(!hasSpec('elevenlabs.json')).each([
  ['eleven_multilingual_v2', { ...allOptions, ...stitching }],
  ['eleven_v3', { ...allOptions, ...language }],
  ['eleven_flash_v2_5', { ...allOptions, ...stitching, ...language }],
  ['eleven_turbo_v2_5', { ...allOptions, ...stitching, ...language }],
])('sends for %s what the API describes (skipped where the description is absent)', async (model, options) => {
  const { request, text } = order('', options, model);
  expect(await create().submit(request)).toMatchObject({ kind: 'done' });
  const [call] = await findCalls(text);
  expect(specErrors('elevenlabs.json', 'Body_text_to_speech_full', call?.body)).toEqual([]);
  expect(call?.path).toBe(`/elevenlabs/v1/text-to-speech/${voiceId}?output_format=mp3_44100_64`);
  expect(call?.body).toMatchObject({ model_id: model });
  expect(call?.body).not.toHaveProperty('voice_id');
});

it('says what the credits cost that were charged', async () => {
  const { request, text } = order('');
  const result = await create().submit(request);
  expect(result).toMatchObject({ kind: 'done', output: { costUsd: ((text.length * 0.2) / 1_000).toFixed(6) } });
});

it.each([
  ['pcm_16000', 'audio/pcm;rate=16000'],
  ['ulaw_8000', 'audio/ulaw'],
  ['alaw_8000', 'audio/alaw'],
])('says what the bare samples of %s are', async (output_format, contentType) => {
  const result = await create().submit(order('', { output_format }).request);
  expect(result).toMatchObject({ kind: 'done', output: { files: [{ contentType }] } });
});

it.each(['mp3_22050_32', 'wav_24000'])('leaves %s to tell itself what it is', async (output_format) => {
  const result = await create().submit(order('', { output_format }).request);
  expect(result).toMatchObject({ kind: 'done', output: { files: [{ kind: 'bytes' }] } });
  expect(result).not.toHaveProperty('output.files.0.contentType');
});

it('fetches the sound of a lost answer from the history, with what it cost', async () => {
  const provider = create();
  const submittedAfter = new Date(Date.now() - 1_000);
  const { request, text } = order(', fault=reset_after');
  expect(await provider.submit(request)).toMatchObject({ kind: 'unknown' });
  const found = await until('the history to show it', async () => {
    const ids = await provider.findTasks?.({ ...request, submittedAfter });
    return ids?.length ? ids : undefined;
  });
  const [taskId = ''] = found;
  const result = await provider.poll(taskId, request);
  expect(result).toMatchObject({
    kind: 'done',
    output: { files: [{ kind: 'bytes' }], costUsd: ((text.length * 0.2) / 1_000).toFixed(6) },
  });
  expect(await findCalls(text)).toHaveLength(1);
});

it('adopts nothing that was ordered with another voice, model or format', async () => {
  const provider = create();
  const submittedAfter = new Date(Date.now() - 1_000);
  const { request } = order('', { output_format: 'mp3_44100_128' });
  expect(await provider.submit(request)).toMatchObject({ kind: 'done' });
  const find = (changes: object, input: object = {}) =>
    provider.findTasks?.({ ...request, submittedAfter, ...changes, input: { ...request.input, ...input } });
  await until('the history to show it', async () => (await find({}))?.length === 1);
  expect(await find({}, { voice_id: '9BWtsMINqrJLrRacOk9x' })).toEqual([]);
  expect(await find({ model: 'eleven_v3' })).toEqual([]);
  expect(await find({}, { text: `${request.input.text}.` })).toEqual([]);
  expect(await find({}, { output_format: 'mp3_44100_64' })).toEqual([]);
  // The history has no raw samples to give.
  expect(await find({}, { output_format: 'pcm_16000' })).toEqual([]);
});

it.each([
  [401, 'quota_exceeded', 'provider_billing'],
  [401, 'invalid_api_key', 'provider_auth'],
  [401, 'max_character_limit_exceeded', 'invalid_input'],
  [403, 'only_for_creator+', 'provider_billing'],
  [404, 'voice_not_found', 'invalid_input'],
  [400, 'model_not_found', 'model_gone'],
  [400, 'content_against_policy', 'content_refused'],
  [429, 'too_many_concurrent_requests', 'provider_rate_limited'],
  [429, 'system_busy', 'provider_rate_limited'],
  [422, 'something new', 'invalid_input'],
])('reads status %d with %s as %s', async (status, name, code) => {
  const server = await serve((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ detail: { status: name, message: 'no' } }));
  });
  const result = await create(server.url).submit(order('').request);
  await server.close();
  expect(result).toMatchObject({ kind: 'rejected', failure: { code } });
});

it('takes a sound that broke off for none', async () => {
  const { request, text } = order(', fault=cut_stream');
  expect(await create().submit(request)).toMatchObject({ kind: 'unknown' });
  expect(await findCalls(text)).toMatchObject([{ billed: true }]);
});

it('keeps no more than a sound can have', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': String(300 * 1024 * 1024) });
    response.flushHeaders();
  });
  const result = await create(server.url).submit(order('').request);
  await server.close();
  expect(result).toMatchObject({ kind: 'unknown' });
});

it('lists the voices of the account over several pages', async () => {
  const options = { apiKey: 'key', requestId: 'voices', signal: AbortSignal.timeout(10_000) };
  const voices = await listVoices({ ...options, baseUrl: `${sandboxUrl()}/elevenlabs` });
  expect(voices).toContainEqual({
    id: voiceId,
    name: 'Rachel',
    category: 'premade',
    labels: expect.objectContaining({ gender: 'female' }),
    previewUrl: null,
    languages: ['en'],
  });
  let asked = 0;
  const endless = await serve((_request, response) => {
    asked += 1;
    const page = Array.from({ length: 100 }, (_, index) => ({ voice_id: `${asked}-${index}`, name: 'Anna' }));
    response.end(JSON.stringify({ voices: page, has_more: true, next_page_token: String(asked) }));
  });
  expect(await listVoices({ ...options, baseUrl: endless.url })).toHaveLength(500);
  expect(asked).toBe(5);
  await endless.close();
  await expect(listVoices({ ...options, baseUrl: endless.url })).rejects.toThrow(ProviderUnreachable);
});
