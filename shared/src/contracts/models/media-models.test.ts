import { expect, it } from 'vitest';
import type { ModelContract } from './model-contract.ts';
import { findModelContract } from './model-registry.ts';

const link = 'https://images.example/a.png';
const unlimited = Number.POSITIVE_INFINITY;

function modelOf(id: string): ModelContract {
  const contract = findModelContract(id);
  if (!contract) throw new Error(`no model ${id}`);
  return contract;
}

it.each([
  ['replicate/flux-schnell', {}, unlimited, { units: 1, resolution: 1024 }],
  ['replicate/flux-schnell', { num_outputs: 4 }, 512, { units: 4, resolution: 512 }],
  ['replicate/flux-1.1-pro', {}, unlimited, { units: 1, resolution: 1024 }],
  ['replicate/flux-1.1-pro', {}, 512, { units: 1, resolution: 512 }],
  ['replicate/sdxl', { num_outputs: 2 }, 512, { units: 2, resolution: 512 }],
  ['replicate/kling-v2.1', { start_image: link }, unlimited, { units: 5, seconds: 5, resolution: 960 }],
  [
    'replicate/kling-v2.1',
    { start_image: link, end_image: link, duration: 10 },
    unlimited,
    { units: 10, seconds: 10, resolution: 1440 },
  ],
  ['replicate/hailuo-2.3', {}, unlimited, { units: 6, seconds: 6, resolution: 1025 }],
  ['replicate/hailuo-2.3', { duration: 10 }, unlimited, { units: 10, seconds: 10, resolution: 1025 }],
  ['replicate/hailuo-2.3', { resolution: '1080p' }, unlimited, { units: 6, seconds: 6, resolution: 1440 }],
  ['freepik/mystic', {}, unlimited, { units: 1, resolution: 2048 }],
  ['freepik/mystic', {}, 1024, { units: 1, resolution: 1024 }],
  ['freepik/flux-pro-v1-1', {}, unlimited, { units: 1, resolution: 1024 }],
  ['freepik/image-upscaler', { image: 'AAAA' }, unlimited, { units: 1, quality: '2x' }],
  ['freepik/image-upscaler', { image: 'AAAA', scale_factor: '16x' }, unlimited, { units: 1, quality: '16x' }],
  ['freepik/kling-v2-1-std', {}, unlimited, { units: 5, seconds: 5, resolution: 960 }],
  ['freepik/kling-v2-1-pro', { duration: '10' }, unlimited, { units: 10, seconds: 10, resolution: 1440 }],
  ['freepik/minimax-hailuo-02-768p', { duration: 10 }, unlimited, { units: 10, seconds: 10, resolution: 1025 }],
  ['freepik/minimax-hailuo-02-1080p', {}, unlimited, { units: 6, seconds: 6, resolution: 1440 }],
  ['fal/flux-schnell', {}, unlimited, { units: 1, resolution: 887 }],
  ['fal/flux-schnell', { num_images: 3 }, 512, { units: 3, resolution: 512 }],
  ['fal/flux-schnell', { image_size: { width: 2048 } }, unlimited, { units: 1, resolution: 1024 }],
  ['fal/flux-1.1-pro', { image_size: 'square_hd' }, 512, { units: 1, resolution: 1024 }],
  ['fal/kling-v2.1-standard', { image_url: link }, unlimited, { units: 5, seconds: 5, resolution: 960 }],
  ['fal/kling-v2.1-pro', { image_url: link, duration: '10' }, unlimited, { units: 10, seconds: 10, resolution: 1440 }],
])('%s %j with a limit of %d makes %j', (id, options, resolutionMax, measure) => {
  const model = modelOf(id);
  const completed = model.complete(model.input.parse({ prompt: 'A mill', ...options }), { resolutionMax });
  expect(model.measure(completed)).toEqual(measure);
  // What was filled in is valid itself, and filling in again changes nothing.
  expect(model.complete(model.input.parse(completed), { resolutionMax: unlimited })).toEqual(completed);
});

it.each([
  ['replicate/flux-schnell', { disable_safety_checker: true }],
  ['replicate/flux-1.1-pro', { aspect_ratio: 'custom', width: 512 }],
  ['replicate/flux-1.1-pro', { image_prompt: 'http://images.example/a.png' }],
  ['replicate/kling-v2.1', {}],
  ['replicate/kling-v2.1', { start_image: link, duration: 7 }],
  ['replicate/kling-v2.1', { start_image: link, duration: '5' }],
  ['replicate/kling-v2.1', { start_image: link, end_image: link, mode: 'standard' }],
  ['replicate/kling-v2.1', { start_image: link, prompt: 'x'.repeat(2501) }],
  ['replicate/hailuo-2.3', { duration: 10, resolution: '1080p' }],
  ['replicate/hailuo-2.3', { prompt: 'x'.repeat(2001) }],
  ['freepik/flux-pro-v1-1', { output_format: 'webp' }],
  ['freepik/image-upscaler', {}],
  ['freepik/image-upscaler', { image: link }],
  ['freepik/image-upscaler', { image: 'AAAA', scale_factor: '3x' }],
  ['freepik/kling-v2-1-pro', { duration: 5 }],
  ['freepik/kling-v2-1-std', { image: link, image_tail: link }],
  ['freepik/kling-v2-1-std', { prompt: undefined }],
  ['freepik/minimax-hailuo-02-768p', { duration: '6' }],
  ['freepik/minimax-hailuo-02-768p', { last_frame_image: link }],
  ['freepik/minimax-hailuo-02-1080p', { duration: 10 }],
  ['fal/flux-schnell', { image_size: 'huge' }],
  ['fal/flux-schnell', { image_size: { width: 0, height: 512 } }],
  ['fal/flux-schnell', { enable_safety_checker: false }],
  ['fal/flux-schnell', { sync_mode: true }],
  ['fal/flux-1.1-pro', { safety_tolerance: 2 }],
  ['fal/kling-v2.1-standard', { image_url: link, tail_image_url: link }],
  ['fal/kling-v2.1-pro', { image_url: link, duration: 5 }],
])('%s refuses %j', (id, options) => {
  expect(modelOf(id).input.safeParse({ prompt: 'A mill', ...options }).success).toBe(false);
});

it.each([
  ['replicate/kling', 'replicate/kling-v2.1'],
  ['replicate/kling-1.5', 'replicate/kling-v2.1'],
  ['replicate/minimax', 'replicate/hailuo-2.3'],
  ['replicate/hailuo', 'replicate/hailuo-2.3'],
  ['replicate/flux-pro', 'replicate/flux-1.1-pro'],
  ['freepik/flux', 'freepik/flux-pro-v1-1'],
  ['freepik/upscaler', 'freepik/image-upscaler'],
  ['freepik/kling', 'freepik/kling-v2-1-pro'],
  ['freepik/minimax', 'freepik/minimax-hailuo-02-768p'],
])('%s is another name of %s', (alias, id) => {
  expect(modelOf(alias).id).toBe(id);
});
