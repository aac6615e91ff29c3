import { randomUUID } from 'node:crypto';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import type { SubmitRequest } from '../provider.ts';
import { serve } from '../raw-servers.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenrouter } from './adapter.ts';

const names = ['llama-4-maverick', 'claude-sonnet-4.5', 'gemini-2.5-flash'];
const sandboxPath = '/openrouter/api/v1';
const create = (baseUrl = `${sandboxUrl()}${sandboxPath}`) => createOpenrouter({ apiKey: 'test-key', baseUrl });

describeProvider('openrouter', {
  create: createOpenrouter,
  sandboxPath,
  models: names.map((name) => ({ name, input: (prompt) => ({ messages: [{ role: 'user', content: prompt }] }) })),
  outputHost: null,
});

/** Completed as an admitted job is. */
function order(model: string, directives: string, options: Record<string, unknown> = {}) {
  const mark = randomUUID();
  const contract = findModelContract(`openrouter/${model}`);
  if (!contract) throw new Error(`no model ${model}`);
  const messages = [{ role: 'user', content: `A mill ${mark} [sandbox: latency=0${directives}]` }];
  const pieces: string[] = [];
  const request: SubmitRequest = {
    model,
    input: contract.complete(contract.input.parse({ messages, ...options }), { resolutionMax: 1024 }),
    requestId: 'openrouter-test',
    secondsLeft: 600,
    signal: AbortSignal.timeout(10_000),
    onText: (delta) => pieces.push(delta),
  };
  return { request, pieces, calls: () => findCalls(mark) };
}

const allOptions = {
  max_completion_tokens: 200,
  temperature: 0.2,
  top_p: 0.9,
  top_k: 40,
  top_a: 0.1,
  min_p: 0.1,
  presence_penalty: 0.5,
  frequency_penalty: -0.5,
  repetition_penalty: 1.1,
  seed: 7,
  stop: ['END'],
  logit_bias: { '50256': -100 },
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'answer',
      description: 'An answer',
      strict: true,
      schema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
    },
  },
  provider: { data_collection: 'deny', zdr: true, require_parameters: true },
};

it.skipIf(!hasSpec('openrouter.json')).each(names)(
  'sends for %s what the API describes (skipped where the description is absent)',
  async (model) => {
    const own = model === 'llama-4-maverick' ? {} : { reasoning: { effort: 'low' } };
    const { request, calls } = order(model, '', { ...allOptions, ...own });
    const result = await create().submit(request);
    expect(result).toMatchObject({ kind: 'done', output: { text: { finishReason: 'stop' } } });
    const [call] = await calls();
    expect(specErrors('openrouter.json', 'ChatRequest', call?.body)).toEqual([]);
  },
);

it('says what the provider took', async () => {
  const { request } = order('claude-sonnet-4.5', ', tokens=100');
  const result = await create().submit(request);
  const usage = result.kind === 'done' ? result.output.text?.usage : null;
  // $3 and $15 a million tokens.
  const costUsd = (((usage?.tokensIn ?? 0) * 3 + 100 * 15) / 1_000_000).toFixed(6);
  expect(result).toMatchObject({ kind: 'done', output: { costUsd, text: { usage: { tokensOut: 100 } } } });
});

it.each(['cut_stream', 'stream_error'])('takes what came before %s for the result', async (fault) => {
  const { request, pieces } = order('gemini-2.5-flash', `, tokens=100, fault=${fault}`);
  const result = await create().submit(request);
  expect(pieces.length).toBeGreaterThan(3);
  expect(result).toEqual({
    kind: 'done',
    output: { files: [], text: { content: pieces.join(''), finishReason: 'interrupted', usage: null } },
  });
});

it('waits when the machines behind a model are full', async () => {
  const { request } = order('gemini-2.5-flash', ', fault=529, retry_after=5');
  const failure = { code: 'provider_rate_limited', retryAfterMs: 5_000 };
  expect(await create().submit(request)).toMatchObject({ kind: 'rejected', failure });
});

it.each([
  [
    { code: 402, message: 'no credits' },
    { kind: 'rejected', failure: { code: 'provider_billing' } },
  ],
  [
    { code: 429, message: 'slow down' },
    { kind: 'rejected', failure: { code: 'provider_rate_limited' } },
  ],
  [{ code: 502, message: 'broken' }, { kind: 'unknown' }],
  [{ message: 'odd' }, { kind: 'unknown' }],
])('reads %j at the beginning of a stream by its code', async (error, expected) => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': OPENROUTER PROCESSING\n\n');
    response.end(`data: ${JSON.stringify({ error, choices: [{ delta: {}, finish_reason: 'error' }] })}\n\n`);
  });
  const result = await create(server.url).submit(order('gemini-2.5-flash', '').request);
  await server.close();
  expect(result).toMatchObject(expected);
});

it('reports a model that is no more', async () => {
  const error = { code: 400, message: 'meta-llama/llama-4-maverick is not a valid model ID' };
  const server = await serve((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error }));
  });
  const result = await create(server.url).submit(order('llama-4-maverick', '').request);
  await server.close();
  expect(result).toMatchObject({ kind: 'rejected', failure: { code: 'model_gone' } });
});
