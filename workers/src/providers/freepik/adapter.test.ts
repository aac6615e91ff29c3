import { randomUUID } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { describeProvider } from '../provider.conformance.ts';
import { serve } from '../raw-servers.ts';
import { hasSpec, specErrors } from '../request-spec.ts';
import { findCalls } from '../sandbox-book.ts';
import { sandboxUrl } from '../sandbox-url.ts';
import { submitRequest } from '../submit-request.ts';
import { createFreepik } from './adapter.ts';

const picture = 'https://images.example/lighthouse.png';
const base64 = 'aVZCT1J3MEtHZ28=';

describeProvider('freepik', {
  create: (options) => createFreepik({ ...options, keyHeader: 'x-magnific-api-key' }),
  sandboxPath: '/freepik',
  models: [
    { name: 'mystic', input: (prompt) => ({ prompt }) },
    { name: 'flux-pro-v1-1', input: (prompt) => ({ prompt }) },
    { name: 'image-upscaler', input: (prompt) => ({ prompt, image: base64 }) },
    { name: 'kling-v2-1-pro', input: (prompt) => ({ prompt, image: picture }) },
    { name: 'kling-v2-1-std', input: (prompt) => ({ prompt, image: picture }) },
    { name: 'minimax-hailuo-02-768p', input: (prompt) => ({ prompt }) },
    { name: 'minimax-hailuo-02-1080p', input: (prompt) => ({ prompt }) },
  ],
  outputHost: 'freepik.com',
});

const kling = {
  image: picture,
  negative_prompt: 'fog',
  duration: '10',
  cfg_scale: 0.7,
  static_mask: picture,
  dynamic_masks: [{ mask: picture, trajectories: [{ x: 3, y: 4 }] }],
};
const hailuo = { first_frame_image: picture, last_frame_image: picture, prompt_optimizer: false };
const everything: [model: string, schema: string, options: Record<string, unknown>][] = [
  [
    'mystic',
    'mystic-request',
    {
      structure_reference: base64,
      structure_strength: 40,
      style_reference: base64,
      adherence: 30,
      hdr: 60,
      resolution: '1k',
      aspect_ratio: 'widescreen_16_9',
      model: 'zen',
      creative_detailing: 20,
      engine: 'magnific_sharpy',
      fixed_generation: true,
      filter_nsfw: true,
      styling: {
        styles: [{ name: 'soft', strength: 80 }],
        characters: [{ id: 'ada', strength: 90 }],
        colors: [{ color: '#FF0000', weight: 0.5 }],
      },
    },
  ],
  [
    'flux-pro-v1-1',
    'ttifpv11-request-content',
    {
      prompt_upsampling: true,
      seed: 7,
      aspect_ratio: 'social_post_4_5',
      safety_tolerance: 0,
      output_format: 'png',
    },
  ],
  [
    'image-upscaler',
    'image-upscale-request-content',
    {
      image: base64,
      scale_factor: '4x',
      optimized_for: 'nature_n_landscapes',
      creativity: 3,
      hdr: -2,
      resemblance: 1,
      fractality: -10,
      engine: 'automatic',
      filter_nsfw: true,
    },
  ],
  ['kling-v2-1-std', 'itvkv2-1-request-content', kling],
  ['kling-v2-1-pro', 'itvkv2-1-pro-request-content', { ...kling, image_tail: picture }],
  ['minimax-hailuo-02-768p', 'itvminimax-768p-request-content', { ...hailuo, duration: 10 }],
  ['minimax-hailuo-02-768p', 'ttvminimax-768p-request-content', { duration: 6 }],
  ['minimax-hailuo-02-1080p', 'itvminimax-1080p-request-content', { ...hailuo, duration: 6 }],
  ['minimax-hailuo-02-1080p', 'ttvminimax-1080p-request-content', {}],
];

function create(options: { keyHeader?: string; callbackUrl?: string } = {}) {
  const baseUrl = `${sandboxUrl()}/freepik`;
  return createFreepik({ apiKey: 'test-key', baseUrl, keyHeader: 'x-magnific-api-key', ...options });
}

it.skipIf(!hasSpec('magnific-freepik.json')).each(everything)(
  'sends every option of %s as %s (skipped where the description is absent)',
  async (model, schema, options) => {
    const prompt = `A mill ${randomUUID()} [sandbox: picture=tiny]`;
    const provider = create({ callbackUrl: 'http://127.0.0.1:9/callbacks' });
    const result = await provider.submit(submitRequest(`freepik/${model}`, { prompt, ...options }));
    expect(result).toMatchObject({ kind: 'accepted' });
    const [call] = await findCalls(prompt);
    expect(call?.body).toMatchObject({ prompt, ...options });
    expect(specErrors('magnific-freepik.json', schema, call?.body)).toEqual([]);
  },
);

it('asks for callbacks when it is told where to', async () => {
  const bodies: unknown[] = [];
  const receiver = await serve((request, response) => {
    request.on('data', (part) => bodies.push(JSON.parse(String(part))));
    request.on('end', () => response.end());
  });
  const provider = create({ callbackUrl: receiver.url });
  expect(provider.callsBack).toBe(true);
  const prompt = `A mill ${randomUUID()} [sandbox: latency=40, picture=tiny]`;
  const submitted = await provider.submit(submitRequest('freepik/mystic', { prompt }));
  const task_id = submitted.kind === 'accepted' ? submitted.taskId : '';
  await vi.waitFor(() => expect(bodies).toContainEqual(expect.objectContaining({ task_id, status: 'COMPLETED' })), {
    timeout: 20_000,
  });
  await receiver.close();
});

it('sends the key in the header that is configured', async () => {
  const request = submitRequest('freepik/mystic', { prompt: `A mill ${randomUUID()}` });
  expect(await create({ keyHeader: 'x-freepik-api-key' }).submit(request)).toMatchObject({ kind: 'accepted' });
  expect(await create({ keyHeader: 'x-other-key' }).submit(request)).toMatchObject({
    kind: 'rejected',
    failure: { code: 'provider_auth' },
  });
});
