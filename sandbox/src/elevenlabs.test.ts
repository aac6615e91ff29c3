import { parseBuffer } from 'music-metadata';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const george = 'JBFqnCBsd6RMkjVDRZzb';
const speak = `/v1/text-to-speech/${george}`;
const spec = loadProviderSpec('elevenlabs.json');
/** Ten seconds at 15 characters a second. */
const text = 'a'.repeat(150);

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

interface Answer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  /** Null when the answer is not JSON. */
  json: AnswerFields;
}

interface AnswerFields {
  detail: { status: string; message: string } & { loc: (string | number)[]; msg: string; type: string }[];
  voices: { voice_id: string; name: string }[];
  has_more: boolean;
  total_count: number;
  next_page_token: string | null;
  history: HistoryFields[];
  character_count: number;
}

interface HistoryFields {
  history_item_id: string;
  request_id: string;
  text: string;
  character_count_change_from: number;
  character_count_change_to: number;
}

async function call(path: string, body?: unknown, key: string | null = 'key-of-tests'): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/elevenlabs${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(key !== null && { 'xi-api-key': key }), 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: (isJson ? JSON.parse(bytes.toString()) : null) as AnswerFields, // A wrong shape fails the assertions that look into it.
  };
}

describe('text to speech', () => {
  test.each([
    ['mp3_44100_128', 'audio/mpeg', 'MPEG'],
    ['wav_24000', 'audio/wav', 'WAVE'],
  ])('%s is as long as the text takes to speak', async (format, type, container) => {
    const { bytes, headers } = await call(`${speak}?output_format=${format}`, { text });
    expect(headers.get('content-type')).toBe(type);
    const { format: found } = await parseBuffer(bytes, type, { duration: true });
    expect(found.container).toBe(container);
    expect(found.duration).toBeCloseTo(10, 1);
  });

  test.each([
    ['pcm_16000', 10 * 16_000 * 2],
    ['ulaw_8000', 10 * 8_000],
    ['alaw_8000', 10 * 8_000],
  ])('%s is bare samples', async (format, length) => {
    expect((await call(`${speak}?output_format=${format}`, { text })).bytes.length).toBe(length);
  });

  test('the headers say what it cost, also at half a credit a character and at another speed', async () => {
    const body = { text: `${text} fast`, model_id: 'eleven_flash_v2_5', voice_settings: { speed: 1.2 } };
    const { headers } = await call(speak, body);
    expect(headers.get('character-cost')).toBe('78');
    expect(headers.get('request-id')).toMatch(/^[0-9a-f]{20}$/);
    expect(headers.get('current-concurrent-requests')).toBe('1');
    expect(headers.get('maximum-concurrent-requests')).toBe('20');
  });
});

describe('what ElevenLabs refuses', () => {
  test.each([
    ['an undocumented field', speak, { text, voice: 'a' }, ['body', 'voice'], 'extra_forbidden'],
    ['no text', speak, {}, ['body', 'text'], 'missing'],
    [
      'a value out of range',
      speak,
      { text, voice_settings: { stability: 2 } },
      ['body', 'voice_settings', 'stability'],
      'less_than_equal',
    ],
    ['an unknown format', `${speak}?output_format=mp3`, { text }, ['query', 'output_format'], 'enum'],
    ['an undocumented parameter', `${speak}?format=mp3_44100_128`, { text }, ['query', 'format'], 'extra_forbidden'],
  ])('%s is a 422 that names the place', async (_title, path, body, loc, type) => {
    const { status, json } = await call(path, body);
    expect(status).toBe(422);
    expect(json.detail).toEqual([{ loc, msg: expect.any(String), type }]);
    if (spec) expect(spec.problems('/components/schemas/HTTPValidationError', json)).toEqual([]);
  });

  test.each([
    ['an unknown voice', '/v1/text-to-speech/nobody', { text }, 404, 'voice_not_found'],
    ['an unknown model', speak, { text, model_id: 'eleven_v9' }, 400, 'model_not_found'],
    ['a text too long for its model', speak, { text: 'a'.repeat(10_001) }, 400, 'max_character_limit_exceeded'],
    ['a format without an encoder', `${speak}?output_format=opus_48000_32`, { text }, 400, 'unsupported_output_format'],
    ['an empty account', speak, { text: '[sandbox: fault=402]' }, 401, 'quota_exceeded'],
    ['too many requests at once', speak, { text: '[sandbox: fault=429]' }, 429, 'too_many_concurrent_requests'],
    ['a busy system', speak, { text: '[sandbox: fault=529]' }, 429, 'system_busy'],
  ])('%s', async (_title, path, body, status, name) => {
    const answer = await call(path, body);
    expect([answer.status, answer.json.detail]).toEqual([status, { status: name, message: expect.any(String) }]);
  });

  test('missing and wrong keys', async () => {
    for (const path of ['/v1/user/subscription', '/v2/voices', '/v1/models', '/v1/history']) {
      expect(await call(path, undefined, 'invalid')).toMatchObject({
        status: 401,
        json: { detail: { status: 'invalid_api_key' } },
      });
      expect((await call(path, undefined, null)).status).toBe(401);
    }
  });
});

describe('history', () => {
  test('a call whose answer was lost is found with its text, its costs and its sound', async () => {
    const key = 'loser';
    await call(speak, { text: 'told' }, key);
    const lost = 'lost [sandbox: fault=reset_after]';
    await expect(call(`${speak}?output_format=pcm_8000`, { text: lost, model_id: 'eleven_v3' }, key)).rejects.toThrow(
      'fetch failed',
    );
    const { json } = await call('/v1/history?search=lost', undefined, key);
    const [item] = json.history;
    expect(json.history).toEqual([
      expect.objectContaining({
        text: lost,
        voice_id: george,
        model_id: 'eleven_v3',
        request_id: expect.any(String),
        date_unix: expect.any(Number),
        character_count_change_from: 4,
        character_count_change_to: 4 + lost.length,
      }),
    ]);
    const audio = await call(`/v1/history/${item?.history_item_id}/audio`, undefined, key);
    expect(audio.bytes.length).toBe(Math.round((4 / 15) * 8000) * 2);
    expect((await call('/v1/user/subscription', undefined, key)).json.character_count).toBe(4 + lost.length);
    expect((await call('/v1/history', undefined, 'another')).json.history).toEqual([]);
    expect((await call(`/v1/history/${item?.history_item_id}`, undefined, 'another')).json.detail.status).toBe(
      'history_item_not_found',
    );
  });

  test('the request id of an answer is that of its item; what was refused or not to be logged is in no history', async () => {
    const key = 'keeper';
    const { headers } = await call(speak, { text: 'kept' }, key);
    await call(`${speak}?enable_logging=false`, { text: 'secret' }, key);
    await call(speak, { text: 'no [sandbox: fault=refused]' }, key);
    const { json } = await call('/v1/history', undefined, key);
    expect(json.history.map((item) => [item.text, item.request_id])).toEqual([['kept', headers.get('request-id')]]);
  });

  test('comes in pages, newest first', async () => {
    const key = 'pager';
    for (const word of ['one', 'two', 'three']) await call(speak, { text: word }, key);
    const first = await call('/v1/history?page_size=2', undefined, key);
    expect(first.json.history.map((item) => item.text)).toEqual(['three', 'two']);
    const last = first.json.history.at(-1)?.history_item_id;
    const rest = await call(`/v1/history?page_size=2&start_after_history_item_id=${last}`, undefined, key);
    expect(rest.json).toMatchObject({ history: [{ text: 'one' }], has_more: false });
  });
});

describe('voices', () => {
  test('come in pages of ten that together are all', async () => {
    const seen: string[] = [];
    let query = '';
    for (;;) {
      const { json } = await call(`/v2/voices${query}`);
      seen.push(...json.voices.map(({ voice_id: id }) => id));
      expect(json.has_more).toBe(json.next_page_token !== null);
      if (!json.has_more) {
        expect(seen).toHaveLength(json.total_count);
        break;
      }
      query = `?next_page_token=${json.next_page_token}`;
    }
    expect(new Set(seen).size).toBe(25);
  });

  test('are searched by name, and pages are bounded', async () => {
    const { json } = await call('/v2/voices?search=geo');
    expect(json.voices).toMatchObject([{ voice_id: george, name: 'George' }]);
    expect((await call('/v2/voices?page_size=101')).status).toBe(422);
    expect((await call('/v2/voices?next_page_token=nobody')).status).toBe(422);
  });
});

test.skipIf(!spec)('answers fit the published specification', async () => {
  await call(speak, { text: 'spec' });
  const { json } = await call('/v1/history');
  const routes = ['/v1/user/subscription', '/v2/voices', '/v1/models', '/v1/history'];
  for (const route of routes) {
    const answer = await call(route);
    expect(spec?.problems(spec.answerPointer('get', route, 200), answer.json), route).toEqual([]);
  }
  const item = await call(`/v1/history/${json.history[0]?.history_item_id}`);
  expect(spec?.problems('/components/schemas/SpeechHistoryItemResponseModel', item.json)).toEqual([]);
});
