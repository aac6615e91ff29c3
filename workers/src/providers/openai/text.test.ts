import { randomUUID } from 'node:crypto';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenai } from './adapter.ts';

const sandboxPath = '/openai/v1';
const create = () => createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}${sandboxPath}` });

const forms = {
  'Chat Completions': (prompt: string) => ({ messages: [{ role: 'user', content: prompt }] }),
  Responses: (prompt: string) => ({ input: prompt, instructions: 'Answer briefly.' }),
};

for (const input of Object.values(forms)) {
  describeProvider('openai', {
    create: createOpenai,
    sandboxPath,
    models: ['gpt-6-luna', 'gpt-4.1-mini'].map((name) => ({ name, input })),
    outputHost: null,
  });
}

/** Completed as an admitted job is. */
function order(model: string, options: Record<string, unknown>) {
  const contract = findModelContract(`openai/${model}`);
  if (!contract) throw new Error(`no model ${model}`);
  const input = contract.complete(contract.input.parse(options), { resolutionMax: 1024 });
  return { model, input, requestId: 'text-test', secondsLeft: 600, signal: AbortSignal.timeout(10_000) };
}

const schema = {
  type: 'object',
  properties: { title: { type: 'string' } },
  required: ['title'],
  additionalProperties: false,
};
const chatOptions = {
  messages: [
    { role: 'developer', content: 'Answer in JSON.' },
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'assistant', content: 'Yes?', name: 'helper' },
  ],
  max_completion_tokens: 200,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'answer', description: 'An answer', schema, strict: true },
  },
  temperature: 0.2,
  top_p: 0.9,
  stop: ['END'],
  seed: 7,
  presence_penalty: 0.5,
  frequency_penalty: -0.5,
  logit_bias: { '50256': -100 },
};
const responsesOptions = {
  instructions: 'Answer in JSON.',
  max_output_tokens: 200,
  temperature: 0.2,
  top_p: 0.9,
  truncation: 'auto',
};
const textFormat = { type: 'json_schema', name: 'answer', description: 'An answer', schema, strict: true };

const whole: [string, string, string, (prompt: string) => Record<string, unknown>][] = [
  [
    'gpt-6-luna',
    'Chat Completions',
    'CreateChatCompletionRequest',
    (prompt) => ({
      ...chatOptions,
      messages: [...chatOptions.messages, { role: 'user', content: prompt }],
      reasoning_effort: 'none',
      verbosity: 'low',
    }),
  ],
  [
    'gpt-4.1-mini',
    'Chat Completions',
    'CreateChatCompletionRequest',
    (prompt) => ({ ...chatOptions, messages: [...chatOptions.messages, { role: 'user', content: prompt }] }),
  ],
  [
    'gpt-6-luna',
    'Responses',
    'CreateResponse',
    (prompt) => ({
      ...responsesOptions,
      input: [
        { type: 'message', role: 'assistant', content: 'Yes?' },
        { role: 'user', content: prompt },
      ],
      reasoning: { effort: 'none' },
      text: { format: textFormat, verbosity: 'low' },
    }),
  ],
  [
    'gpt-4.1-mini',
    'Responses',
    'CreateResponse',
    (prompt) => ({ ...responsesOptions, input: prompt, text: { format: textFormat } }),
  ],
];

it.skipIf(!hasSpec('openai.json')).each(whole)(
  'sends for %s by %s what the API describes (skipped where the description is absent)',
  async (model, _form, schemaName, input) => {
    const mark = randomUUID();
    const request = order(model, input(`A mill ${mark} [sandbox: latency=0]`));
    const result = await create().submit(request);
    expect(result).toMatchObject({ kind: 'done', output: { text: { finishReason: 'stop' } } });
    if (result.kind === 'done') expect(JSON.parse(result.output.text?.content ?? '')).toHaveProperty('title');
    const [call] = await findCalls(mark);
    expect(specErrors('openai.json', schemaName, call?.body)).toEqual([]);
    expect(call?.body).toMatchObject({ stream: true, store: false });
  },
);

it.each(Object.entries(forms))('%s: tells the text while it is written, its tokens and its cost', async (_, form) => {
  const pieces: string[] = [];
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=40, tokens=100]`));
  const result = await create().submit({ ...request, onText: (delta) => pieces.push(delta) });
  if (result.kind !== 'done') throw new Error(JSON.stringify(result));
  const { text, costUsd } = result.output;
  expect(pieces.length).toBeGreaterThan(7);
  expect(text).toEqual({
    content: pieces.join(''),
    finishReason: 'stop',
    usage: { tokensIn: expect.any(Number), tokensOut: expect.any(Number) },
  });
  expect(text?.usage?.tokensOut).toBe(100);
  expect(text?.usage?.tokensIn).toBeGreaterThan(10);
  expect(costUsd).toBe((((text?.usage?.tokensIn ?? 0) * 0.1 + 100 * 0.5) / 1_000_000).toFixed(6));
});

it.each(Object.entries(forms))('%s: says when the limit cut the answer off', async (_, form) => {
  const limit = form === forms.Responses ? { max_output_tokens: 16 } : { max_completion_tokens: 16 };
  const request = order('gpt-6-luna', { ...form(`A mill ${randomUUID()} [sandbox: latency=0, tokens=100]`), ...limit });
  const result = await create().submit(request);
  expect(result).toMatchObject({
    kind: 'done',
    output: { text: { finishReason: 'length', usage: { tokensOut: 16 } } },
  });
});

it.each(Object.entries(forms))('%s: a text whose tokens nobody told is a text all the same', async (_, form) => {
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=0, fault=no_usage]`));
  const result = await create().submit(request);
  expect(result).toMatchObject({ kind: 'done', output: { files: [], text: { finishReason: 'stop', usage: null } } });
  expect(result).not.toHaveProperty('output.costUsd');
});

it.each(
  ['cut_stream', 'stream_error'].flatMap((fault) =>
    Object.entries(forms).map(([name, form]) => ({ fault, name, form })),
  ),
)('$name: what came before $fault is the result', async ({ fault, form }) => {
  const pieces: string[] = [];
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=0, tokens=100, fault=${fault}]`));
  const result = await create().submit({ ...request, onText: (delta) => pieces.push(delta) });
  expect(pieces.length).toBeGreaterThan(3);
  expect(result).toEqual({
    kind: 'done',
    output: { files: [], text: { content: pieces.join(''), finishReason: 'interrupted', usage: null } },
  });
});

it.each(Object.entries(forms))('%s: ends by itself when the provider falls silent half-way', async (_, form) => {
  const hasty = createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}${sandboxPath}`, timeoutMs: 500 });
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=0, fault=never_ends]`));
  const result = await hasty.submit(request);
  expect(result).toMatchObject({ kind: 'done', output: { text: { finishReason: 'interrupted', usage: null } } });
});

it.each(Object.entries(forms))('%s: stops reading when the caller gives up', async (_, form) => {
  const abort = new AbortController();
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=8000, tokens=100]`));
  const pieces: string[] = [];
  const onText = (delta: string) => {
    pieces.push(delta);
    abort.abort();
  };
  const result = await create().submit({ ...request, signal: abort.signal, onText });
  expect(result).toMatchObject({
    kind: 'done',
    output: { text: { content: pieces.join(''), finishReason: 'interrupted' } },
  });
});

it.each(Object.entries(forms))('%s: keeps no more of an endless answer than any model writes', async (_, form) => {
  const request = order('gpt-6-luna', form(`A mill ${randomUUID()} [sandbox: latency=0, fault=huge_output]`));
  const result = await create().submit(request);
  const text = result.kind === 'done' ? result.output.text : undefined;
  expect(text?.finishReason).toBe('interrupted');
  expect(text?.content.length).toBeLessThan(3_000_000);
});
