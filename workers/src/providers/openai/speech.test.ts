import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { createOpenai } from './adapter.ts';

const sandboxPath = '/openai/v1';
const names = ['gpt-4o-mini-tts', 'tts-1', 'tts-1-hd'];

describeProvider('openai', {
  create: createOpenai,
  sandboxPath,
  models: names.map((name) => ({ name, input: (prompt) => ({ input: prompt, voice: 'alloy' }) })),
  outputHost: null,
});

const create = () => createOpenai({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}${sandboxPath}` });

function order(model: string, directives: string, options: Record<string, unknown> = {}) {
  const mark = randomUUID();
  const input = { input: `A mill ${mark} [sandbox: latency=0${directives}]`, voice: 'sage', ...options };
  const request = { model, input, requestId: 'speech-test', secondsLeft: 600, signal: AbortSignal.timeout(10_000) };
  return { request, calls: () => findCalls(mark) };
}

it.skipIf(!hasSpec('openai.json')).each(names)(
  'sends for %s what the API describes (skipped where the description is absent)',
  async (model) => {
    const own = model === 'gpt-4o-mini-tts' ? { instructions: 'Whisper.' } : {};
    const { request, calls } = order(model, '', { response_format: 'wav', speed: 1.5, ...own });
    expect(await create().submit(request)).toMatchObject({ kind: 'done' });
    const [call] = await calls();
    expect(specErrors('openai.json', 'CreateSpeechRequest', call?.body)).toEqual([]);
  },
);

it('says what raw samples are, because nothing in them does', async () => {
  const result = await create().submit(order('tts-1', '', { response_format: 'pcm' }).request);
  expect(result).toMatchObject({ kind: 'done', output: { files: [{ contentType: 'audio/pcm;rate=24000' }] } });
  const wav = await create().submit(order('tts-1', '', { response_format: 'wav' }).request);
  expect(wav).not.toHaveProperty('output.files.0.contentType');
});

it.each([
  ['tts-1', 15],
  ['tts-1-hd', 30],
])('knows what %s costs by the characters', async (model, microusd) => {
  const { request } = order(model, '');
  const result = await create().submit(request);
  const costUsd = ((request.input.input.length * microusd) / 1_000_000).toFixed(6);
  expect(result).toMatchObject({ kind: 'done', output: { costUsd } });
});

it('takes a sound that broke off for none', async () => {
  const { request, calls } = order('tts-1', ', fault=cut_stream');
  expect(await create().submit(request)).toMatchObject({ kind: 'unknown' });
  expect(await calls()).toMatchObject([{ billed: true }]);
});
