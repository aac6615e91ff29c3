import { randomUUID } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { serve } from '../raw-servers.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { submitRequest } from '../submit-request.ts';
import { createReplicate } from './adapter.ts';

const picture = 'https://images.example/lighthouse.png';

describeProvider('replicate', {
  create: createReplicate,
  sandboxPath: '/replicate/v1',
  models: [
    { name: 'flux-schnell', input: (prompt) => ({ prompt }) },
    { name: 'flux-1.1-pro', input: (prompt) => ({ prompt }) },
    { name: 'sdxl', input: (prompt) => ({ prompt }) },
    { name: 'kling-v2.1', input: (prompt) => ({ prompt, start_image: picture }) },
    { name: 'hailuo-2.3', input: (prompt) => ({ prompt }) },
  ],
  outputHost: 'replicate.delivery',
});

const everything = {
  'flux-schnell': {
    aspect_ratio: '16:9',
    num_outputs: 2,
    num_inference_steps: 3,
    seed: 7,
    output_format: 'jpg',
    output_quality: 90,
    disable_safety_checker: false,
    go_fast: true,
    megapixels: '0.25',
  },
  'flux-1.1-pro': {
    image_prompt: picture,
    aspect_ratio: 'custom',
    width: 512,
    height: 1024,
    safety_tolerance: 3,
    seed: 7,
    prompt_upsampling: true,
    output_format: 'png',
    output_quality: 90,
  },
  sdxl: {
    negative_prompt: 'fog',
    image: picture,
    mask: picture,
    width: 512,
    height: 768,
    num_outputs: 2,
    scheduler: 'DDIM',
    num_inference_steps: 30,
    guidance_scale: 6.5,
    prompt_strength: 0.6,
    seed: 7,
    refine: 'expert_ensemble_refiner',
    high_noise_frac: 0.7,
    refine_steps: 10,
    apply_watermark: false,
    lora_scale: 0.5,
  },
  'kling-v2.1': { start_image: picture, end_image: picture, mode: 'pro', duration: 10, negative_prompt: 'fog' },
  'hailuo-2.3': { first_frame_image: picture, duration: 10, resolution: '768p', prompt_optimizer: false },
};

function create(options: { apiKey?: string; callbackUrl?: string } = {}) {
  return createReplicate({ apiKey: 'test-key', baseUrl: `${sandboxUrl()}/replicate/v1`, ...options });
}

it.skipIf(!hasSpec('replicate.json')).each(Object.entries(everything))(
  'sends every option of %s as the API describes it (skipped where the description is absent)',
  async (model, options) => {
    const prompt = `A mill ${randomUUID()} [sandbox: picture=tiny]`;
    const schema = model === 'sdxl' ? 'schemas_version_prediction_request' : 'schemas_prediction_request';
    const provider = create({ callbackUrl: 'http://127.0.0.1:9/callbacks' });
    const result = await provider.submit(submitRequest(`replicate/${model}`, { prompt, ...options }));
    expect(result).toMatchObject({ kind: 'accepted' });
    const [call] = await findCalls(prompt);
    expect(call?.body).toMatchObject({ input: { prompt, ...options } });
    expect(specErrors('replicate.json', schema, call?.body)).toEqual([]);
  },
);

it('asks for one callback at the end when it is told where to', async () => {
  const bodies: string[] = [];
  const receiver = await serve((request, response) => {
    request.on('data', (part) => bodies.push(String(part)));
    request.on('end', () => response.end());
  });
  const provider = create({ callbackUrl: receiver.url });
  expect(provider.callsBack).toBe(true);
  const prompt = `A mill ${randomUUID()} [sandbox: latency=40, picture=tiny]`;
  const submitted = await provider.submit(submitRequest('replicate/flux-schnell', { prompt }));
  await vi.waitUntil(() => bodies.length > 0, { timeout: 20_000 });
  const id = submitted.kind === 'accepted' ? submitted.taskId : '';
  expect(JSON.parse(bodies.join(''))).toMatchObject({ id, status: 'succeeded' });
  expect(receiver.requests()).toBe(1);
  await receiver.close();
});

it.each([
  [600, 900],
  [0, 300],
  [86_400, 7_200],
])('lets Replicate stop a prediction that is of use for %d seconds after %d', async (secondsLeft, stopsAfter) => {
  const request = submitRequest('replicate/flux-schnell', {
    prompt: `A mill ${randomUUID()} [sandbox: fault=never_ends]`,
  });
  const result = await create().submit({ ...request, secondsLeft });
  const id = result.kind === 'accepted' ? result.taskId : '';
  const headers = { authorization: 'Bearer test-key' };
  const answer = await fetch(`${sandboxUrl()}/replicate/v1/predictions/${id}`, { headers });
  const { created_at, deadline } = (await answer.json()) as Record<string, string>; // the sandbox's own answer
  expect(Date.parse(deadline ?? '') - Date.parse(created_at ?? '')).toBe(stopsAfter * 1000);
});

it('reads how far a video is', async () => {
  const prompt = `A mill ${randomUUID()} [sandbox: latency=2000, picture=tiny]`;
  const request = submitRequest('replicate/hailuo-2.3', { prompt });
  const provider = create();
  const submitted = await provider.submit(request);
  const id = submitted.kind === 'accepted' ? submitted.taskId : '';
  const progress = await vi.waitUntil(
    async () => {
      const state = await provider.poll(id, request);
      return state.kind === 'running' && state.progress;
    },
    { timeout: 20_000, interval: 50 },
  );
  expect(progress).toBeGreaterThan(0);
  expect(progress).toBeLessThan(100);
});

it('finds a lost task behind a hundred newer ones', async () => {
  const provider = create({ apiKey: `key-${randomUUID()}` });
  const submittedAfter = new Date();
  const order = (prompt: string) =>
    submitRequest('replicate/flux-schnell', { prompt: `${prompt} [sandbox: latency=0, picture=tiny]` });
  const first = await provider.submit(order('the lost one'));
  await Promise.all(Array.from({ length: 230 }, (_, index) => provider.submit(order(`other ${index}`))));
  const found = await provider.findTasks?.({ ...order('the lost one'), submittedAfter });
  expect(found).toEqual([first.kind === 'accepted' ? first.taskId : null]);
});
