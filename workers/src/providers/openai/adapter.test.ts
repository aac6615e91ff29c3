import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenai } from './adapter.ts';

describeProvider('openai', {
  create: createOpenai,
  sandboxPath: '/openai/v1',
  models: ['gpt-image-2'],
  outputHost: 'http://gateway.example:8443',
});

function order(model: string, prompt: string) {
  const input = { prompt: `${prompt} ${randomUUID()} [sandbox: latency=0, picture=tiny]`, n: 2, size: '1024x1024' };
  return { model, input, requestId: 'openai-test', signal: AbortSignal.timeout(10_000) };
}

it.skipIf(!hasSpec('openai.json'))(
  'sends what the API describes (skipped where the description is absent)',
  async () => {
    const provider = createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/openai/v1` });
    const request = order('gpt-image-2', 'A mill');
    await provider.submit(request);
    const [call] = await findCalls(request.input.prompt);
    expect(specErrors('openai.json', 'CreateImageRequest', call?.body)).toEqual([]);
  },
);

it('reports a model that was removed', async () => {
  const provider = createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/openai/v1` });
  const result = await provider.submit(order('dall-e-3', 'A mill'));
  expect(result).toMatchObject({ kind: 'rejected', failure: { code: 'model_gone' } });
});

it('says what the pictures cost, by the tokens that were billed', async () => {
  const provider = createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/openai/v1` });
  const result = await provider.submit(order('gpt-image-2', 'A mill'));
  const output = result.kind === 'done' ? result.output : undefined;
  expect(output?.files).toHaveLength(2);
  expect(output?.costUsd).toMatch(/^\d+\.\d{6}$/);
  expect(Number(output?.costUsd)).toBeGreaterThan(0);
});
