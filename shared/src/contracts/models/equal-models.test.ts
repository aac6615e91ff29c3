import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fluxRatios, freepikRatios } from './flux-orders.ts';
import type { ModelContract } from './model-contract.ts';
import { findModelContract, modelContracts } from './model-registry.ts';

const limits = { resolutionMax: Number.POSITIVE_INFINITY };
const prompt = fc.string({ minLength: 1, maxLength: 60 });
const link = fc.webUrl({ validSchemes: ['https'] });
const seed = fc.nat();
const from = <T extends readonly unknown[]>(values: T) => fc.constantFrom(...values);

/** Inputs, of which not all are valid: those that are not are left out. */
const inputs: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  'replicate/flux-schnell': some(
    { prompt },
    {
      aspect_ratio: from(fluxRatios),
      num_outputs: fc.integer({ min: 1, max: 4 }),
      num_inference_steps: fc.integer({ min: 1, max: 4 }),
      seed,
      output_format: from(['webp', 'jpg', 'png']),
      output_quality: fc.integer({ min: 0, max: 100 }),
      disable_safety_checker: fc.constant(false),
      go_fast: fc.boolean(),
      megapixels: from(['1', '0.25']),
    },
  ),
  'replicate/flux-1.1-pro': some(
    { prompt },
    {
      image_prompt: link,
      aspect_ratio: from([...fluxRatios, 'custom', 'custom', 'custom']),
      width: fc.integer({ min: 8, max: 45 }).map((step) => step * 32),
      height: fc.integer({ min: 8, max: 45 }).map((step) => step * 32),
      safety_tolerance: fc.integer({ min: 1, max: 6 }),
      seed,
      prompt_upsampling: fc.boolean(),
      output_format: from(['webp', 'jpg', 'png']),
      output_quality: fc.integer({ min: 0, max: 100 }),
    },
  ),
  'replicate/kling-v2.1': some(
    { prompt, start_image: link },
    { end_image: link, mode: from(['standard', 'pro']), duration: from([5, 10]), negative_prompt: prompt },
  ),
  'replicate/hailuo-2.3': some(
    { prompt },
    {
      first_frame_image: link,
      duration: from([6, 10]),
      resolution: from(['768p', '1080p']),
      prompt_optimizer: fc.boolean(),
    },
  ),
  'freepik/flux-pro-v1-1': some(
    { prompt },
    {
      prompt_upsampling: fc.boolean(),
      seed,
      aspect_ratio: from(Object.keys(freepikRatios)),
      safety_tolerance: fc.integer({ min: 0, max: 6 }),
      output_format: from(['jpeg', 'png']),
    },
  ),
  'freepik/kling-v2-1-std': freepikKling({}),
  'freepik/kling-v2-1-pro': freepikKling({ image_tail: link }),
  'freepik/minimax-hailuo-02-768p': freepikHailuo({ duration: from([6, 10]) }),
  'freepik/minimax-hailuo-02-1080p': freepikHailuo({ duration: fc.constant(6) }),
  'fal/flux-schnell': falFlux({
    num_inference_steps: fc.integer({ min: 1, max: 12 }),
    acceleration: from(['none', 'regular', 'high']),
    guidance_scale: fc.double({ min: 1, max: 20, noNaN: true }),
  }),
  'fal/flux-1.1-pro': falFlux({
    safety_tolerance: from(['1', '2', '3', '4', '5', '6']),
    enhance_prompt: fc.boolean(),
  }),
  'fal/kling-v2.1-standard': falKling({}),
  'fal/kling-v2.1-pro': falKling({ tail_image_url: link }),
};

type Fields = Record<string, fc.Arbitrary<unknown>>;

function some(required: Fields, optional: Fields): fc.Arbitrary<Record<string, unknown>> {
  return fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) });
}

function freepikKling(more: Fields) {
  const optional = { image: link, prompt, negative_prompt: prompt, duration: from(['5', '10']), static_mask: link };
  return some({}, { ...optional, cfg_scale: fc.double({ min: 0, max: 1, noNaN: true }), ...more });
}

function freepikHailuo(more: Fields) {
  const optional = { prompt_optimizer: fc.boolean(), first_frame_image: link, last_frame_image: link };
  return some({ prompt }, { ...optional, ...more });
}

function falFlux(more: Fields) {
  const side = fc.integer({ min: 1, max: 90 }).map((step) => step * 16);
  const presets = ['square_hd', 'square', 'portrait_4_3', 'portrait_16_9', 'landscape_4_3', 'landscape_16_9'];
  return some(
    { prompt },
    {
      image_size: fc.oneof(from(presets), some({}, { width: side, height: side })),
      num_images: fc.integer({ min: 1, max: 4 }),
      seed,
      output_format: from(['jpeg', 'png']),
      enable_safety_checker: fc.constant(true),
      ...more,
    },
  );
}

function falKling(more: Fields) {
  const optional = { duration: from(['5', '10']), negative_prompt: prompt };
  return some(
    { prompt, image_url: link },
    { ...optional, cfg_scale: fc.double({ min: 0, max: 1, noNaN: true }), ...more },
  );
}

function contractOf(id: string): ModelContract {
  const contract = findModelContract(id);
  if (!contract) throw new Error(`no model ${id}`);
  return contract;
}

/** Completed orders of a model. */
function orders(contract: ModelContract) {
  const arbitrary = inputs[contract.id];
  if (!arbitrary) throw new Error(`no inputs of ${contract.id} to try`);
  return arbitrary
    .filter((input) => contract.input.safeParse(input).success)
    .map((input) => contract.complete(contract.input.parse(input), limits));
}

/** Fields that are not found again by their names: sizes have others, and hints about the work may be left out. */
const otherTerms = new Set([
  ...['aspect_ratio', 'megapixels', 'width', 'height', 'image_size', 'output_quality'],
  ...['go_fast', 'acceleration', 'num_inference_steps', 'disable_safety_checker', 'enable_safety_checker'],
]);

const pairs = modelContracts
  .filter(({ id }) => id in inputs)
  .flatMap((contract) => contract.equals.map((equal) => [contract.id, equal.id] as const));

it('has ways between all that make the same kind of thing', () => {
  const [schnell, pro, kling, hailuo] = [2, 6, 12, 4];
  expect(pairs).toHaveLength(schnell + pro + kling + hailuo);
  for (const [id, equalId] of pairs) expect(contractOf(equalId).equals.map((back) => back.id)).toContain(id);
});

describe.each(pairs)('%s in terms of %s', (id, equalId) => {
  const contract = contractOf(id);
  const equal = contractOf(equalId);
  const there = contract.equals.find((candidate) => candidate.id === equalId);
  const back = equal.equals.find((candidate) => candidate.id === id);

  it('is a valid, completed order of the same amount', () => {
    fc.assert(
      fc.property(orders(contract), (order) => {
        const translated = there?.translate(order);
        if (!translated) return;
        const parsed = equal.input.parse(translated);
        expect(parsed).toEqual(translated);
        expect(equal.complete(parsed, limits)).toEqual(translated);
        const { units, seconds } = contract.measure(order);
        expect(equal.measure(translated)).toMatchObject({ units, ...(seconds !== undefined && { seconds }) });
      }),
      { numRuns: 300 },
    );
  });

  it('loses nothing that was asked for', () => {
    fc.assert(
      fc.property(orders(contract), (order) => {
        const translated = there?.translate(order);
        const returned = translated && back?.translate(translated);
        if (!returned) return;
        const asked = Object.entries(order).filter(([name]) => !otherTerms.has(name));
        if (order.output_format !== 'png') expect(returned.output_quality).toBe(order.output_quality);
        expect(returned).toMatchObject(Object.fromEntries(asked));
        // A size may have several names; it is the same if it reads the same.
        expect(there?.translate(returned)).toEqual(translated);
      }),
      { numRuns: 300 },
    );
  });

  it('is had for some orders', () => {
    expect(fc.sample(orders(contract), 500).some((order) => there?.translate(order))).toBe(true);
  });
});

describe('what a translation keeps', () => {
  const link = 'https://images.example/a.png';

  it.each([
    [
      'replicate/flux-schnell',
      { aspect_ratio: '16:9', num_outputs: 3, seed: 7, output_format: 'jpg', num_inference_steps: 2, go_fast: false },
      'fal/flux-schnell',
      {
        image_size: { width: 1344, height: 768 },
        num_images: 3,
        seed: 7,
        output_format: 'jpeg',
        num_inference_steps: 2,
      },
    ],
    [
      'replicate/flux-schnell',
      { megapixels: '0.25' },
      'fal/flux-schnell',
      { image_size: { width: 512, height: 512 }, num_images: 1 },
    ],
    [
      'fal/flux-schnell',
      { image_size: 'portrait_16_9', num_inference_steps: 12, acceleration: 'high' },
      'replicate/flux-schnell',
      { aspect_ratio: '9:16', megapixels: '1', num_outputs: 1 },
    ],
    [
      'replicate/flux-1.1-pro',
      { aspect_ratio: '2:3', safety_tolerance: 4, prompt_upsampling: true, output_format: 'png', output_quality: 50 },
      'freepik/flux-pro-v1-1',
      { aspect_ratio: 'portrait_2_3', safety_tolerance: 4, prompt_upsampling: true, output_format: 'png' },
    ],
    [
      'freepik/flux-pro-v1-1',
      { aspect_ratio: 'horizontal_2_1', safety_tolerance: 3, output_format: 'jpeg' },
      'replicate/flux-1.1-pro',
      { aspect_ratio: 'custom', width: 1408, height: 704, safety_tolerance: 3, output_format: 'jpg' },
    ],
    [
      'fal/flux-1.1-pro',
      { image_size: 'landscape_4_3', safety_tolerance: '5', enhance_prompt: false },
      'replicate/flux-1.1-pro',
      { aspect_ratio: 'custom', width: 1024, height: 768, safety_tolerance: 5, prompt_upsampling: false },
    ],
    [
      'replicate/kling-v2.1',
      { start_image: link, end_image: link, duration: 10, negative_prompt: 'fog' },
      'fal/kling-v2.1-pro',
      { image_url: link, tail_image_url: link, duration: '10', negative_prompt: 'fog' },
    ],
    [
      'fal/kling-v2.1-standard',
      { image_url: link, cfg_scale: 0.2 },
      'freepik/kling-v2-1-std',
      { image: link, cfg_scale: 0.2, duration: '5' },
    ],
    [
      'replicate/hailuo-2.3',
      { resolution: '1080p', first_frame_image: link, prompt_optimizer: false },
      'freepik/minimax-hailuo-02-1080p',
      { first_frame_image: link, prompt_optimizer: false, duration: 6 },
    ],
  ])('%s %j is %s %j', (id, options, equalId, expected) => {
    expect(translate(id, { prompt: 'A mill', ...options }, equalId)).toEqual({ prompt: 'A mill', ...expected });
  });

  it.each([
    ['replicate/flux-schnell', { output_format: 'webp' }, 'fal/flux-schnell'],
    ['replicate/flux-schnell', { output_format: 'jpg', output_quality: 50 }, 'fal/flux-schnell'],
    ['fal/flux-schnell', { image_size: { width: 640, height: 640 } }, 'replicate/flux-schnell'],
    ['fal/flux-schnell', { guidance_scale: 5 }, 'replicate/flux-schnell'],
    ['replicate/flux-1.1-pro', { image_prompt: link }, 'fal/flux-1.1-pro'],
    ['replicate/flux-1.1-pro', { aspect_ratio: '21:9' }, 'freepik/flux-pro-v1-1'],
    ['replicate/flux-1.1-pro', { aspect_ratio: 'custom', width: 512, height: 512 }, 'freepik/flux-pro-v1-1'],
    ['fal/flux-1.1-pro', { num_images: 2 }, 'replicate/flux-1.1-pro'],
    ['fal/flux-1.1-pro', { num_images: 2 }, 'freepik/flux-pro-v1-1'],
    ['fal/flux-1.1-pro', { image_size: 'square' }, 'freepik/flux-pro-v1-1'],
    ['fal/flux-1.1-pro', { image_size: { width: 2048, height: 2048 } }, 'replicate/flux-1.1-pro'],
    ['freepik/flux-pro-v1-1', { safety_tolerance: 0 }, 'fal/flux-1.1-pro'],
    ['freepik/flux-pro-v1-1', { safety_tolerance: 0 }, 'replicate/flux-1.1-pro'],
    ['replicate/kling-v2.1', { start_image: link }, 'fal/kling-v2.1-pro'],
    ['replicate/kling-v2.1', { start_image: link, mode: 'pro' }, 'freepik/kling-v2-1-std'],
    ['fal/kling-v2.1-pro', { image_url: link, cfg_scale: 0.2 }, 'replicate/kling-v2.1'],
    ['freepik/kling-v2-1-pro', { image: link, static_mask: link }, 'fal/kling-v2.1-pro'],
    ['freepik/kling-v2-1-pro', {}, 'fal/kling-v2.1-pro'],
    ['replicate/hailuo-2.3', {}, 'freepik/minimax-hailuo-02-1080p'],
    ['freepik/minimax-hailuo-02-768p', { first_frame_image: link, last_frame_image: link }, 'replicate/hailuo-2.3'],
  ])('%s %j cannot be had as %s', (id, options, equalId) => {
    expect(translate(id, { prompt: 'A mill', ...options }, equalId)).toBeNull();
  });

  function translate(id: string, input: Record<string, unknown>, equalId: string) {
    const contract = contractOf(id);
    const order = contract.complete(contract.input.parse(input), limits);
    const equal = contract.equals.find((candidate) => candidate.id === equalId);
    if (!equal) throw new Error(`${equalId} is no equal of ${id}`);
    return equal.translate(order);
  }
});
