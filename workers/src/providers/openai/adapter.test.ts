import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenai } from './adapter.ts';

const names = [
  'gpt-image-2',
  'gpt-image-2.5-flare',
  'gpt-image-2.5-sunburst',
  'gpt-image-2.6-sunburst',
  'gpt-image-1.5',
  'gpt-image-1-mini',
];

describeProvider('openai', {
  create: createOpenai,
  sandboxPath: '/openai/v1',
  models: names.map((name) => ({ name, input: (prompt) => ({ prompt }) })),
  outputHost: null,
});

function order(model: string, options: Record<string, unknown> = {}) {
  const prompt = `A mill ${randomUUID()} [sandbox: latency=0, picture=tiny]`;
  const input = { prompt, n: 2, size: '1024x1024', quality: 'medium', ...options };
  const request = { model, input, requestId: 'openai-test', secondsLeft: 600, signal: AbortSignal.timeout(10_000) };
  return { request, prompt };
}

const create = () => createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/openai/v1` });

it.skipIf(!hasSpec('openai.json')).each(names)(
  'sends for %s what the API describes (skipped where the description is absent)',
  async (model) => {
    const { request, prompt } = order(model, {
      background: 'transparent',
      output_format: 'webp',
      output_compression: 80,
      moderation: 'low',
    });
    expect(await create().submit(request)).toMatchObject({ kind: 'done' });
    const [call] = await findCalls(prompt);
    expect(specErrors('openai.json', 'CreateImageRequest', call?.body)).toEqual([]);
  },
);

it('reports a model that was removed', async () => {
  const result = await create().submit(order('dall-e-3').request);
  expect(result).toMatchObject({ kind: 'rejected', failure: { code: 'model_gone' } });
});

it('says what the pictures cost, by the tokens that were billed', async () => {
  const { request, prompt } = order('gpt-image-2');
  const result = await create().submit(request);
  const output = result.kind === 'done' ? result.output : undefined;
  expect(output?.files).toHaveLength(2);
  // 1,056 tokens a picture of middle quality at $30 a million, and the prompt at $5 a million, four characters a token.
  const microusd = 2 * 1_056 * 30 + Math.ceil(prompt.length / 4) * 5;
  expect(output?.costUsd).toBe((microusd / 1_000_000).toFixed(6));
});
