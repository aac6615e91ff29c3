import { parseBuffer } from 'music-metadata';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { readEvents } from './testing/read-events.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const path = '/openai/v1/audio/speech';
const spec = loadProviderSpec('openai.json');
/** Ten seconds at 15 characters a second. */
const input = 'a'.repeat(150);

let sandbox: TestSandbox;
let client: OpenAI;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
  client = new OpenAI({ apiKey: 'key-of-tests', baseURL: `${sandbox.url}/openai/v1`, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const valid = { model: 'gpt-4o-mini-tts', voice: 'marin', input };

describe('speech', () => {
  test.each([
    ['mp3', 'audio/mpeg', 'MPEG'],
    ['wav', 'audio/wav', 'WAVE'],
  ] as const)('%s is as long as the text takes to speak', async (format, type, container) => {
    const answer = await client.audio.speech.create({ ...valid, response_format: format, speed: 2 });
    expect(answer.headers.get('content-type')).toBe(type);
    const { format: found } = await parseBuffer(new Uint8Array(await answer.arrayBuffer()), type, { duration: true });
    expect(found.container).toBe(container);
    expect(found.duration).toBeCloseTo(5, 1);
  });

  test('pcm is 24 kHz of 16 bits, and directives are not spoken', async () => {
    const text = `${input} [sandbox: latency=1]`;
    const answer = await client.audio.speech.create({ ...valid, input: text, response_format: 'pcm' });
    expect((await answer.arrayBuffer()).byteLength).toBe(10 * 24_000 * 2);
  });

  test('events carry the same sound and end with the usage, which is that of the book', async () => {
    const body = { ...valid, input: `${input} as events`, response_format: 'wav' };
    const { text } = await sandbox.call(path, { body: { ...body, stream_format: 'sse' } });
    const events = readEvents(text).map(({ data }) => data);
    const sound = Buffer.concat(events.slice(0, -1).map(({ audio }) => Buffer.from(audio, 'base64')));
    const whole = await fetch(sandbox.url + path, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-tests', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(sound.equals(Buffer.from(await whole.arrayBuffer()))).toBe(true);
    const usage = { input_tokens: 40, output_tokens: 214, total_tokens: 254 };
    expect(events.at(-1)).toEqual({ type: 'speech.audio.done', usage });
    const { json } = await sandbox.call('/_sandbox/calls?prompt_contains=as%20events');
    expect(json.data).toMatchObject([
      { tokens_in: 40, tokens_out: 214 },
      { tokens_in: 40, tokens_out: 214 },
    ]);
    if (!spec) return;
    for (const event of events) {
      expect(spec.problems('/components/schemas/CreateSpeechResponseStreamEvent', event)).toEqual([]);
    }
  });

  test('the old models count no tokens', async () => {
    await sandbox.call(path, { body: { ...valid, model: 'tts-1', input: 'counted by letters' } });
    const { json } = await sandbox.call('/_sandbox/calls?prompt_contains=counted%20by%20letters');
    expect(json.data[0]).toMatchObject({ billed: true, tokens_in: null, tokens_out: null });
  });
});

test.each([
  ['no voice', { ...valid, voice: undefined }, 'voice', 'missing_required_parameter'],
  ['an unknown voice', { ...valid, voice: 'rachel' }, 'voice', 'invalid_value'],
  ['a text too long', { ...valid, input: 'a'.repeat(4097) }, 'input', 'string_above_max_length'],
  ['a speed too high', { ...valid, speed: 4.5 }, 'speed', 'decimal_above_max_value'],
  ['an undocumented field', { ...valid, language: 'pt' }, 'language', 'unknown_parameter'],
  [
    'instructions to an old model',
    { ...valid, model: 'tts-1', instructions: 'whisper' },
    'instructions',
    'unsupported_value',
  ],
  [
    'events of an old model',
    { ...valid, model: 'tts-1-hd', stream_format: 'sse' },
    'stream_format',
    'unsupported_value',
  ],
  ['a format without an encoder', { ...valid, response_format: 'opus' }, 'response_format', 'unsupported_value'],
])('%s is a 400 that names the parameter', async (_title, body, param, code) => {
  const { status, json } = await sandbox.call(path, { body });
  expect(status).toBe(400);
  expect(json.error).toMatchObject({ param, code });
});

test('a model that does not speak is a missing model', async () => {
  const { status, json } = await sandbox.call(path, { body: { ...valid, model: 'gpt-4.1-mini' } });
  expect([status, json.error.code]).toEqual([404, 'model_not_found']);
});
