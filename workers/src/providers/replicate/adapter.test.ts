import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createReplicate } from './adapter.ts';

describeProvider('replicate', {
  create: createReplicate,
  sandboxPath: '/replicate/v1',
  models: ['flux-schnell', 'flux-1.1-pro', 'sdxl'],
  outputHost: 'https://replicate.delivery',
});

it.skipIf(!hasSpec('replicate.json')).each([
  ['flux-schnell', 'schemas_prediction_request'],
  ['sdxl', 'schemas_version_prediction_request'],
])('sends %s as the API describes it (skipped where the description is absent)', async (model, schema) => {
  const prompt = `A mill ${randomUUID()}`;
  const provider = createReplicate({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/replicate/v1` });
  const input = { prompt, num_outputs: 2 };
  await provider.submit({ model, input, requestId: 'spec', signal: AbortSignal.timeout(10_000) });
  const [call] = await findCalls(prompt);
  expect(specErrors('replicate.json', schema, call?.body)).toEqual([]);
});

it('bounds the cost of a prediction that runs for ever', async () => {
  const baseUrl = `${sandboxUrl()}/replicate/v1`;
  const provider = createReplicate({ apiKey: 'test-key', baseUrl });
  const input = { prompt: `A mill ${randomUUID()} [sandbox: fault=never_ends]` };
  const request = { model: 'flux-schnell', input, requestId: 'deadline', signal: AbortSignal.timeout(10_000) };
  const result = await provider.submit(request);
  const id = result.kind === 'accepted' ? result.taskId : '';
  const headers = { authorization: 'Bearer test-key' };
  const prediction: unknown = await (await fetch(`${baseUrl}/predictions/${id}`, { headers })).json();
  expect(prediction).toMatchObject({ id, deadline: expect.any(String) });
});

it('finds a lost task behind a hundred newer ones', async () => {
  const apiKey = `key-${randomUUID()}`;
  const provider = createReplicate({ apiKey, baseUrl: `${sandboxUrl()}/replicate/v1` });
  const submittedAfter = new Date();
  const order = (prompt: string) => ({
    model: 'flux-schnell',
    input: { prompt: `${prompt} [sandbox: latency=0, picture=tiny]` },
    requestId: 'pages',
    signal: AbortSignal.timeout(30_000),
  });
  const first = await provider.submit(order('the lost one'));
  await Promise.all(Array.from({ length: 230 }, (_, index) => provider.submit(order(`other ${index}`))));
  const found = await provider.findTasks?.({ ...order('the lost one'), submittedAfter });
  expect(found).toEqual([first.kind === 'accepted' ? first.taskId : null]);
});
