import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const base = '/openai-compatible/v1';
const chat = `${base}/chat/completions`;

let sandbox: TestSandbox;
let client: OpenAI;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
  client = new OpenAI({ apiKey: 'key-of-tests', baseURL: sandbox.url + base, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const user = (content: string) => [{ role: 'user' as const, content }];

test('the official OpenAI client reads answers and streams of any model', async () => {
  const answer = await client.chat.completions.create({ model: 'tgi', messages: user('whole [sandbox: tokens=20]') });
  expect(answer).toMatchObject({ model: 'tgi', usage: { completion_tokens: 20 } });
  const stream = await client.chat.completions.create({
    model: 'my/fine-tune',
    messages: user('told [sandbox: tokens=20]'),
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks.filter(({ choices }) => choices[0]?.delta.content).length).toBeGreaterThanOrEqual(8);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 20 } });
});

test('while the machine starts the answer is 503, then the same prompt works', async () => {
  const body = { model: 'tgi', messages: user('warm up [sandbox: fault=503, times=2]') };
  const seen = [];
  for (let round = 0; round < 3; round += 1) seen.push((await sandbox.call(chat, { body })).status);
  expect(seen).toEqual([503, 503, 200]);
});

test.each([
  ['an undocumented field', { model: 'tgi', messages: user('a'), best_of: 3 }, 422],
  ['no messages', { model: 'tgi' }, 422],
  ['a full machine', { model: 'tgi', messages: user('[sandbox: fault=429]') }, 429],
])('%s is an error in one string', async (_title, body, status) => {
  const answer = await sandbox.call(chat, { body });
  expect([answer.status, answer.json.error]).toEqual([status, expect.any(String)]);
});

test('models are listed for those with a key', async () => {
  expect((await client.models.list()).data).toMatchObject([{ object: 'model' }]);
  expect((await sandbox.call(`${base}/models`, { key: 'invalid' })).status).toBe(401);
});
