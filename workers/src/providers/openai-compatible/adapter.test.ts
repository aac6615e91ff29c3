import { randomUUID } from 'node:crypto';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import type { SubmitRequest } from '../provider.ts';
import { serve } from '../raw-servers.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenaiCompatible } from './adapter.ts';

const sandboxPath = '/openai-compatible/v1';
const allowedHosts = ['*.endpoints.huggingface.cloud'];

/** As the operator's own endpoint. */
const create = (options: { apiKey: string; baseUrl: string; timeoutMs?: number }) =>
  createOpenaiCompatible({ ...options, allowedHosts, ownBaseUrl: options.baseUrl });

describeProvider('openai-compatible', {
  create,
  sandboxPath,
  models: [{ name: 'chat', input: (prompt) => ({ messages: [{ role: 'user', content: prompt }] }) }],
  outputHost: null,
});

/** Completed as an admitted job is. */
function order(directives = '', options: Record<string, unknown> = {}) {
  const mark = randomUUID();
  const contract = findModelContract('openai-compatible/chat');
  if (!contract) throw new Error('no model');
  const messages = [{ role: 'user', content: `A mill ${mark} [sandbox: latency=0${directives}]` }];
  const pieces: string[] = [];
  const request: SubmitRequest = {
    model: 'chat',
    input: contract.complete(contract.input.parse({ messages, ...options }), { resolutionMax: 1024 }),
    requestId: 'compatible-test',
    secondsLeft: 600,
    signal: AbortSignal.timeout(10_000),
    onText: (delta) => pieces.push(delta),
  };
  return { request, pieces, calls: () => findCalls(mark) };
}

const inSandbox = () => create({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}${sandboxPath}` });

it.skipIf(!hasSpec('openai.json'))(
  'sends what the protocol describes (skipped where the description is absent)',
  async () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
    const { request, calls } = order('', {
      model: 'meta-llama/Llama-3.3-70B-Instruct',
      max_completion_tokens: 200,
      temperature: 0.2,
      top_p: 0.9,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      seed: 7,
      stop: 'END',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
    });
    expect(await inSandbox().submit(request)).toMatchObject({ kind: 'done' });
    const [call] = await calls();
    expect(specErrors('openai.json', 'CreateChatCompletionRequest', call?.body)).toEqual([]);
    expect(call?.body).toMatchObject({ model: 'meta-llama/Llama-3.3-70B-Instruct', max_tokens: 200, stream: true });
    expect(call?.body).not.toHaveProperty('max_completion_tokens');
  },
);

it('names a model to servers that serve only one', async () => {
  const { request, calls } = order();
  expect(await inSandbox().submit(request)).toMatchObject({ kind: 'done', output: { text: { finishReason: 'stop' } } });
  expect(await calls()).toMatchObject([{ body: { model: 'tgi', max_tokens: 4_096 } }]);
});

it.each(['cut_stream', 'stream_error'])('takes what came before %s for the result', async (fault) => {
  const { request, pieces } = order(`, tokens=100, fault=${fault}`);
  const result = await inSandbox().submit(request);
  expect(pieces.length).toBeGreaterThan(3);
  expect(result).toEqual({
    kind: 'done',
    output: { files: [], text: { content: pieces.join(''), finishReason: 'interrupted', usage: null } },
  });
});

it.each([
  'http://127.0.0.1:1/v1',
  'https://evil.example.com/v1',
  'http://abc.endpoints.huggingface.cloud/v1',
  'https://user:secret@abc.endpoints.huggingface.cloud/v1',
  'no address',
])('sends nothing to %s', async (baseUrl) => {
  const provider = createOpenaiCompatible({
    apiKey: 'own-key',
    baseUrl,
    allowedHosts,
    ownBaseUrl: 'http://llm:8080/v1',
  });
  const { request } = order();
  const result = await provider.submit(request);
  expect(result).toMatchObject({ kind: 'rejected', failure: { code: 'provider_auth' } });
  expect(JSON.stringify(result)).not.toContain('secret');
  expect(await provider.checkKey(request)).toMatchObject({ isValid: false });
});

it('is not sent past the address that was checked by a redirect', async () => {
  let requests = 0;
  const target = await serve((_request, response) => response.end('{}'));
  const server = await serve((_request, response) => {
    requests += 1;
    response.writeHead(307, { location: `${target.url}/chat/completions` }).end();
  });
  const provider = create({ apiKey: 'own-key', baseUrl: server.url });
  expect(await provider.submit(order().request)).toMatchObject({ kind: 'unknown' });
  expect([requests, target.requests()]).toEqual([1, 0]);
  await Promise.all([server.close(), target.close()]);
});

it('asks the proxy to hold the request while a machine starts, and comes back later when it does not', async () => {
  let held: unknown;
  const server = await serve((request, response) => {
    held = request.headers['x-scale-up-timeout'];
    response.writeHead(503, { 'content-type': 'text/plain' }).end('503 Service Unavailable');
  });
  const provider = create({ apiKey: 'own-key', baseUrl: server.url });
  const failure = { code: 'provider_unavailable' };
  expect(await provider.submit(order().request)).toMatchObject({ kind: 'rejected', failure });
  expect(held).toBe('200');
  await server.close();
});
