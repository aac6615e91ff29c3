import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { ProviderUnreachable } from '../provider.ts';
import { type RawServer, serve } from '../raw-servers.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { submitRequest } from '../submit-request.ts';
import { createFal } from './adapter.ts';

const picture = 'https://images.example/lighthouse.png';

describeProvider('fal', {
  create: (options) => createFal({ ...options, platformUrl: new URL('/fal-platform/v1', options.baseUrl).href }),
  sandboxPath: '/fal',
  models: [
    { name: 'flux-schnell', input: (prompt) => ({ prompt }) },
    { name: 'flux-1.1-pro', input: (prompt) => ({ prompt }) },
    { name: 'kling-v2.1-standard', input: (prompt) => ({ prompt, image_url: picture }) },
    { name: 'kling-v2.1-pro', input: (prompt) => ({ prompt, image_url: picture }) },
  ],
  outputHost: 'fal.media',
});

function create(baseUrl: string, callbackUrl?: string) {
  const platformUrl = new URL('/fal-platform/v1', baseUrl).href;
  return createFal({ apiKey: 'test-key', baseUrl, platformUrl, ...(callbackUrl && { callbackUrl }) });
}

const kling = { image_url: picture, duration: '10', negative_prompt: 'fog', cfg_scale: 0.7 };
const flux = { num_images: 2, seed: 7, output_format: 'png', enable_safety_checker: true };
it.each([
  [
    'flux-schnell',
    {
      ...flux,
      image_size: { width: 640, height: 384 },
      num_inference_steps: 8,
      guidance_scale: 4.5,
      acceleration: 'regular',
    },
  ],
  ['flux-1.1-pro', { ...flux, image_size: 'portrait_16_9', safety_tolerance: '6', enhance_prompt: true }],
  ['kling-v2.1-standard', kling],
  ['kling-v2.1-pro', { ...kling, tail_image_url: picture }],
])('sends every option of %s as the documentation has it', async (model, options) => {
  const prompt = `A mill ${randomUUID()} [sandbox: picture=tiny]`;
  const result = await create(`${sandboxUrl()}/fal`).submit(submitRequest(`fal/${model}`, { prompt, ...options }));
  expect(result).toMatchObject({ kind: 'accepted' });
  const [call] = await findCalls(prompt);
  expect(call?.body).toEqual({ prompt, ...options });
});

it('asks for a callback when it is told where to', async () => {
  const bodies: string[] = [];
  const receiver = await serve((request, response) => {
    request.on('data', (part) => bodies.push(String(part)));
    request.on('end', () => response.end());
  });
  const provider = create(`${sandboxUrl()}/fal`, `${receiver.url}/callbacks/fal?job=1`);
  expect(provider.callsBack).toBe(true);
  const prompt = `A mill ${randomUUID()} [sandbox: latency=40, picture=tiny]`;
  const submitted = await provider.submit(submitRequest('fal/flux-schnell', { prompt }));
  await vi.waitUntil(() => bodies.length > 0, { timeout: 20_000 });
  const request_id = submitted.kind === 'accepted' ? submitted.taskId : '';
  expect(JSON.parse(bodies.join(''))).toMatchObject({ request_id, status: 'OK' });
  await receiver.close();
});

describe('what fal says of a request that is over', () => {
  let server: RawServer | undefined;

  afterEach(() => server?.close());

  /** Polls a stand-in where every request is over and its result is this. */
  async function poll(status: number, result: unknown) {
    server = await serve((request, response) => {
      const isStatus = request.url?.endsWith('/status');
      response.writeHead(isStatus ? 200 : status, { 'content-type': 'application/json' });
      response.end(isStatus ? '{"status":"COMPLETED"}' : JSON.stringify(result));
    });
    return create(server.url).poll('1', submitRequest('fal/flux-schnell', { prompt: 'A mill' }));
  }

  it('leaves out pictures that the safety check has painted over', async () => {
    const images = [{ url: 'https://v3.fal.media/a.png' }, { url: 'https://v3.fal.media/b.png' }];
    expect(await poll(200, { images, has_nsfw_concepts: [true, false] })).toEqual({
      kind: 'done',
      output: { files: [{ kind: 'url', url: 'https://v3.fal.media/b.png' }] },
    });
  });

  it.each([
    ['content_refused', 200, { images: [{ url: 'https://v3.fal.media/a.png' }], has_nsfw_concepts: [true] }],
    ['content_refused', 422, { detail: [{ loc: ['body'], msg: 'no', type: 'content_policy_violation' }] }],
    ['invalid_input', 422, { detail: [{ loc: ['body', 'image_url'], msg: 'small', type: 'image_too_small' }] }],
    ['invalid_input', 422, { detail: 'not a picture' }],
    ['provider_failed', 504, { detail: [{ loc: ['body'], msg: 'slow', type: 'generation_timeout' }] }],
    ['provider_failed', 503, { detail: 'no runner', error_type: 'runner_scheduling_failure' }],
    ['output_invalid', 200, { images: [] }],
    ['output_invalid', 200, { video: null }],
  ])('reports %s for status %d and %j', async (code, status, result) => {
    expect(await poll(status, result)).toMatchObject({ kind: 'failed', failure: { code } });
  });

  it('reports a request that was canceled, and one that is not known any more', async () => {
    expect(await poll(499, { detail: 'canceled', error_type: 'client_cancelled' })).toEqual({ kind: 'canceled' });
    await server?.close();
    expect(await poll(404, { status: 'NOT_FOUND' })).toEqual({ kind: 'gone' });
  });

  it.each([
    [500, { detail: 'Internal Server Error' }],
    [400, { detail: 'Request is still in progress' }],
    [429, { detail: 'Too many requests' }],
    [401, { detail: 'No user found for Key ID and Secret' }],
    [502, 'not the answer of a model'],
  ])('takes status %d with %j for no verdict', async (status, result) => {
    await expect(poll(status, result)).rejects.toThrow(ProviderUnreachable);
  });
});
