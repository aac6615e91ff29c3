import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { readEvents } from './testing/read-events.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const base = '/openrouter/api/v1';
const chat = `${base}/chat/completions`;
const model = 'anthropic/claude-sonnet-4.5';
const spec = loadProviderSpec('openrouter.json');

let sandbox: TestSandbox;
let client: OpenAI;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
  client = new OpenAI({ apiKey: 'key-of-tests', baseURL: sandbox.url + base, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const user = (content: string) => [{ role: 'user' as const, content }];

describe('chat completions', () => {
  test('the official OpenAI client reads a stream with comments, and costs at its end', async () => {
    const content = 'told [sandbox: tokens=1000]';
    const stream = await client.chat.completions.create({ model, messages: user(content), stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.filter(({ choices }) => choices[0]?.delta.content).length).toBeGreaterThanOrEqual(8);
    // 7 tokens at $3 and 1,000 at $15 a million.
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 1000, cost: 0.015021 } });
  });

  test('a comment comes first, and the generation has a header', async () => {
    const { text, headers } = await sandbox.call(chat, { body: { model, messages: user('a'), stream: true } });
    expect(text).toMatch(/^: OPENROUTER PROCESSING\n\ndata: /);
    expect(headers.get('x-generation-id')).toMatch(/^gen-/);
  });

  test('without streaming the answer carries its costs as well', async () => {
    const { json } = await sandbox.call(chat, { body: { model, messages: user('a') } });
    expect(json.usage).toMatchObject({ prompt_tokens: 1, cost: expect.any(Number) });
  });

  test('a stream that is given up says so in a chunk', async () => {
    const body = { model, messages: user('a [sandbox: fault=stream_error]'), stream: true };
    const { text, status } = await sandbox.call(chat, { body });
    expect(status).toBe(200);
    expect(readEvents(text).at(-1)?.data).toMatchObject({
      error: { code: 502, message: expect.any(String) },
      choices: [{ finish_reason: 'error' }],
    });
    await expect(
      client.chat.completions.create(body).then(async (stream) => {
        for await (const _ of stream as AsyncIterable<unknown>); // Streamed, as the body says.
      }),
    ).rejects.toThrow('disconnected');
  });
});

describe('what OpenRouter refuses', () => {
  test.each([
    ['an unknown model', { model: 'no/such-model', messages: user('a') }, 400],
    ['an undocumented field', { model, messages: user('a'), top_b: 1 }, 400],
    ['a flagged prompt', { model, messages: user('[sandbox: fault=refused]') }, 403],
    ['an empty account', { model, messages: user('[sandbox: fault=402]') }, 402],
    ['too many requests', { model, messages: user('[sandbox: fault=429]') }, 429],
    ['no provider', { model, messages: user('[sandbox: fault=503]') }, 503],
    ['full machines', { model, messages: user('[sandbox: fault=529]') }, 529],
  ])('%s: the code in the body is the status', async (_title, body, status) => {
    const answer = await sandbox.call(chat, { body });
    expect([answer.status, answer.json.error]).toEqual([
      status,
      expect.objectContaining({ code: status, message: expect.any(String) }),
    ]);
  });

  test('a wrong key', async () => {
    expect((await sandbox.call(`${base}/key`, { key: 'invalid' })).status).toBe(401);
    expect((await sandbox.call(`${base}/key`, { key: null })).status).toBe(401);
  });
});

describe.skipIf(!spec)('answers fit the published specification', () => {
  const fits = (schema: string, value: unknown) =>
    expect(spec?.problems(`/components/schemas/${schema}`, value)).toEqual([]);

  test('answers and chunks, also the one with an error', async () => {
    fits('ChatResult', (await sandbox.call(chat, { body: { model, messages: user('spec') } })).json);
    for (const prompt of ['spec', 'spec [sandbox: fault=stream_error]']) {
      const { text } = await sandbox.call(chat, { body: { model, messages: user(prompt), stream: true } });
      const chunks = readEvents(text).filter(({ data }) => typeof data === 'object');
      expect(chunks.length).toBeGreaterThan(2);
      for (const { data } of chunks) fits('ChatStreamChunk', data);
    }
  });

  test('key, models and errors', async () => {
    const key = await sandbox.call(`${base}/key`);
    expect(spec?.problems(spec.answerPointer('get', '/key', 200), key.json)).toEqual([]);
    fits('ModelsListResponse', (await sandbox.call(`${base}/models`)).json);
    const failed = await sandbox.call(chat, { body: { model, messages: user('[sandbox: fault=402]') } });
    fits('PaymentRequiredResponse', failed.json);
  });
});
