import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { readEvents } from './testing/read-events.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const responses = '/openai/v1/responses';
const chat = '/openai/v1/chat/completions';
const model = 'gpt-4.1-mini';
const spec = loadProviderSpec('openai.json');

let sandbox: TestSandbox;
let client: OpenAI;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
  client = new OpenAI({ apiKey: 'key-of-tests', baseURL: `${sandbox.url}/openai/v1`, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const user = (content: string) => [{ role: 'user' as const, content }];

async function booked(prompt: string) {
  const { json } = await sandbox.call(`/_sandbox/calls?prompt_contains=${encodeURIComponent(prompt)}`);
  return json.data[0];
}

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['name', 'tags'],
  additionalProperties: false,
};

describe('responses', () => {
  test('the official client reads an answer, and its usage is that of the book', async () => {
    const input = 'answered whole [sandbox: tokens=50]';
    const answer = await client.responses.create({ model: 'gpt-6-luna', input, instructions: 'Be short.' });
    expect(answer.status).toBe('completed');
    expect(answer.output_text).toContain('“answered whole”');
    expect(answer.usage).toMatchObject({ output_tokens: 50, input_tokens: Math.ceil((input.length + 9) / 4) });
    expect(await booked('answered whole')).toMatchObject({
      billed: true,
      tokens_in: answer.usage?.input_tokens,
      tokens_out: 50,
    });
  });

  test('the official client puts a stream together: the same text in eight pieces or more', async () => {
    const stream = client.responses.stream({ model, input: user('streamed [sandbox: tokens=9]') });
    const deltas: string[] = [];
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === 'response.output_text.delta') deltas.push(event.delta);
    }
    const final = await stream.finalResponse();
    expect(deltas.length).toBeGreaterThanOrEqual(8);
    expect(deltas.join('')).toBe(final.output_text);
    expect(final.usage?.output_tokens).toBe(9);
    expect(types.filter((type) => type !== 'response.output_text.delta')).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  test('events are numbered without gaps and named by their type', async () => {
    const { text, headers } = await sandbox.call(responses, { body: { model, input: 'numbered', stream: true } });
    const events = readEvents(text);
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(events.map(({ data }) => data.sequence_number)).toEqual([...events.keys()]);
    expect(events.every(({ name, data }) => name === data.type)).toBe(true);
  });

  test.each([false, true])('an answer longer than max_output_tokens is incomplete, stream=%s', async (stream) => {
    const body = { model, input: 'cut short [sandbox: tokens=100]', max_output_tokens: 20, stream };
    const { text, json } = await sandbox.call(responses, { body });
    const response = stream ? readEvents(text).at(-1)?.data.response : json;
    if (stream) expect(readEvents(text).at(-1)?.name).toBe('response.incomplete');
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 20 },
    });
  });

  test('a schema is satisfied, also in strict mode', async () => {
    const format = { type: 'json_schema' as const, name: 'person', schema: person, strict: true };
    const answer = await client.responses.create({ model, input: 'Ada Lovelace', text: { format } });
    expect(JSON.parse(answer.output_text)).toEqual({ name: 'Ada Lovelace', tags: ['Ada Lovelace', 'Ada Lovelace'] });
  });

  test('a response can be looked up by its own key, while it runs and after, unless it is not to be stored', async () => {
    const stream = await client.responses.create({ model, input: 'looked up [sandbox: latency=60000]', stream: true });
    for await (const event of stream) {
      if (event.type !== 'response.created') continue;
      expect((await client.responses.retrieve(event.response.id)).status).toBe('in_progress');
      break;
    }
    const done = await client.responses.create({ model, input: 'done' });
    expect((await client.responses.retrieve(done.id)).output_text).toBe(done.output_text);
    expect((await sandbox.call(`${responses}/${done.id}`, { key: 'another' })).status).toBe(404);
    const { json } = await sandbox.call(responses, { body: { model, input: 'a', store: false } });
    expect((await sandbox.call(`${responses}/${json.id}`)).status).toBe(404);
  });
});

describe('chat completions', () => {
  test('the official client reads an answer to the last message of the user', async () => {
    const messages = [
      { role: 'system' as const, content: 'Be kind.' },
      ...user('first'),
      { role: 'assistant' as const, content: 'yes?' },
      { role: 'user' as const, content: [{ type: 'text' as const, text: 'second [sandbox: tokens=12]' }] },
    ];
    const answer = await client.chat.completions.create({ model, messages });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
    expect(answer.choices[0]?.message.content).toContain('“second”');
    expect(answer.usage).toMatchObject({ completion_tokens: 12, prompt_tokens: Math.ceil((8 + 5 + 4 + 27) / 4) });
    expect(await booked('second [sandbox: tokens=12]')).toMatchObject({ tokens_in: 11, tokens_out: 12 });
  });

  test('the official client reads a stream that ends with the usage when asked to', async () => {
    const options = { stream: true as const, stream_options: { include_usage: true } };
    const stream = await client.chat.completions.create({
      model,
      messages: user('told [sandbox: tokens=40]'),
      ...options,
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 40 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.filter(({ choices }) => choices[0]?.delta.content).length).toBeGreaterThanOrEqual(8);
  });

  test('without being asked the stream says nothing of usage, and it is over with [DONE]', async () => {
    const { text } = await sandbox.call(chat, { body: { model, messages: user('untold'), stream: true } });
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(text).not.toContain('usage');
  });

  test('an answer longer than max_completion_tokens ends with length', async () => {
    const limit = { max_completion_tokens: 5 };
    const answer = await client.chat.completions.create({
      model,
      messages: user('long [sandbox: tokens=50]'),
      ...limit,
    });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.usage?.completion_tokens).toBe(5);
  });

  test('a schema is satisfied, and json_object answers an object', async () => {
    const format = { type: 'json_schema' as const, json_schema: { name: 'person', schema: person, strict: true } };
    const answer = await client.chat.completions.create({ model, messages: user('Ada'), response_format: format });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ name: 'Ada', tags: ['Ada', 'Ada'] });
    const free = { response_format: { type: 'json_object' as const } };
    const object = await client.chat.completions.create({ model, messages: user('Ada'), ...free });
    expect(JSON.parse(object.choices[0]?.message.content ?? '')).toEqual({ text: expect.stringContaining('Ada') });
  });
});

describe('what OpenAI refuses', () => {
  const open = { ...person, additionalProperties: true };
  const schemaFormat = (schema: unknown) => ({ type: 'json_schema', name: 'person', schema, strict: true });
  test.each([
    ['an undocumented field', responses, { input: 'a', max_tokens: 9 }, 'max_tokens', 'unknown_parameter'],
    ['no input', responses, {}, 'input', 'missing_required_parameter'],
    ['an empty input', responses, { input: [] }, 'input', 'empty_array'],
    ['a wrong role', responses, { input: [{ role: 'robot', content: 'a' }] }, 'input.0.role', 'invalid_value'],
    [
      'a wrong part',
      responses,
      { input: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] },
      'input.0.content.0.type',
      'invalid_value',
    ],
    [
      'too small a limit',
      responses,
      { input: 'a', max_output_tokens: 15 },
      'max_output_tokens',
      'integer_below_min_value',
    ],
    ['too high a temperature', responses, { input: 'a', temperature: 2.5 }, 'temperature', 'decimal_above_max_value'],
    [
      'an open schema',
      responses,
      { input: 'a', text: { format: schemaFormat(open) } },
      'text.format.schema',
      'invalid_json_schema',
    ],
    [
      'a tool, which the sandbox has not',
      responses,
      { input: 'a', tools: [{ type: 'web_search' }] },
      'tools',
      'unsupported_value',
    ],
    [
      'an undocumented field',
      chat,
      { messages: user('a'), max_output_tokens: 9 },
      'max_output_tokens',
      'unknown_parameter',
    ],
    [
      'an undocumented field of a message',
      chat,
      { messages: [{ ...user('a')[0], to: 'b' }] },
      'messages.0.to',
      'unknown_parameter',
    ],
    ['no messages', chat, {}, 'messages', 'missing_required_parameter'],
    ['no content', chat, { messages: [{ role: 'user' }] }, 'messages.0.content', 'missing_required_parameter'],
    [
      'a nested mistake',
      chat,
      { messages: user('a'), stream_options: { usage: true } },
      'stream_options.usage',
      'unknown_parameter',
    ],
    ['two answers, which the sandbox does not give', chat, { messages: user('a'), n: 2 }, 'n', 'unsupported_value'],
  ])('%s at %s is a 400 that names the parameter', async (_title, path, body, param, code) => {
    const { status, json } = await sandbox.call(path, { body: { model, ...body } });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ param, code, message: expect.any(String) });
  });

  test.each(['gpt-4o', 'gpt-image-2', 'tts-1'])('%s is no text model', async (missing) => {
    for (const [path, body] of [
      [responses, { input: 'a' }],
      [chat, { messages: user('a') }],
    ] as const) {
      const { status, json } = await sandbox.call(path, { body: { model: missing, ...body } });
      expect([status, json.error.code]).toEqual([404, 'model_not_found']);
    }
  });
});

describe.skipIf(!spec)('answers fit the published specification', () => {
  const fits = (schema: string, value: unknown) =>
    expect(spec?.problems(`/components/schemas/${schema}`, value)).toEqual([]);

  test.each(['', 'tokens=100', 'fault=empty_output', 'fault=stream_error', 'fault=task_failed'])(
    'responses, %s',
    async (directives) => {
      const body = { model, input: `spec [sandbox: ${directives}]`, max_output_tokens: 20 };
      const { text } = await sandbox.call(responses, { body: { ...body, stream: true } });
      const events = readEvents(text);
      expect(events.length).toBeGreaterThan(2);
      for (const { data } of events) fits('ResponseStreamEvent', data);
      for (const { data } of events) if (data.response) fits('Response', data.response);
      const { json, status } = await sandbox.call(responses, { body });
      fits(status === 200 ? 'Response' : 'ErrorResponse', json);
      if (status === 200) fits('Response', (await sandbox.call(`${responses}/${json.id}`)).json);
    },
  );

  test('chat completions', async () => {
    const body = { model, messages: user('spec') };
    fits('CreateChatCompletionResponse', (await sandbox.call(chat, { body })).json);
    const options = { stream: true, stream_options: { include_usage: true } };
    const { text } = await sandbox.call(chat, { body: { ...body, ...options } });
    // The schema of a whole chunk is broken: "nullable" without a type, and an enum without the null that it allows.
    for (const { data } of readEvents(text).slice(0, -1)) {
      const choices = data.choices.map((choice) => ({ ...choice, finish_reason: choice.finish_reason ?? 'stop' }));
      fits('CreateChatCompletionStreamResponse/properties/choices', choices);
      if (data.usage) fits('CompletionUsage', data.usage);
    }
  });
});
