import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createFreepik } from './adapter.ts';

describeProvider('freepik', {
  create: (options) => createFreepik({ ...options, keyHeader: 'x-magnific-api-key' }),
  sandboxPath: '/freepik',
  models: ['mystic'],
  outputHost: 'https://freepik.com',
});

it.skipIf(!hasSpec('magnific-freepik.json'))(
  'sends what the API describes (skipped where the description is absent)',
  async () => {
    const baseUrl = `${sandboxUrl()}/freepik`;
    const provider = createFreepik({ apiKey: 'test-key', baseUrl, keyHeader: 'x-magnific-api-key' });
    const prompt = `A mill ${randomUUID()}`;
    const input = { prompt, resolution: '1k', aspect_ratio: 'widescreen_16_9' };
    await provider.submit({ model: 'mystic', input, requestId: 'spec', signal: AbortSignal.timeout(10_000) });
    const [call] = await findCalls(prompt);
    expect(specErrors('magnific-freepik.json', 'mystic-request', call?.body)).toEqual([]);
  },
);

it('sends the key in the header that is configured', async () => {
  const baseUrl = `${sandboxUrl()}/freepik`;
  const input = { prompt: `A mill ${randomUUID()}` };
  const request = { model: 'mystic', input, requestId: 'header', signal: AbortSignal.timeout(10_000) };
  const legacy = createFreepik({ apiKey: 'test-key', baseUrl, keyHeader: 'x-freepik-api-key' });
  expect(await legacy.submit(request)).toMatchObject({ kind: 'accepted' });
  const wrong = createFreepik({ apiKey: 'test-key', baseUrl, keyHeader: 'x-other-key' });
  expect(await wrong.submit(request)).toMatchObject({ kind: 'rejected', failure: { code: 'provider_auth' } });
});
