import type { PictureFormat } from '../../task.ts';
import { fileUri, type ReplicateModel } from './model.ts';

const seed = { type: 'integer' } as const;
const outputFormat = { type: 'string', values: ['webp', 'jpg', 'png'] } as const;
const outputQuality = { type: 'integer', min: 0, max: 100 } as const;

/** Pixels at one megapixel, as the FLUX models cut them. */
const fluxSizes: Record<string, readonly [number, number]> = {
  '1:1': [1024, 1024],
  '16:9': [1344, 768],
  '21:9': [1536, 640],
  '3:2': [1216, 832],
  '2:3': [832, 1216],
  '4:5': [896, 1088],
  '5:4': [1088, 896],
  '3:4': [896, 1152],
  '4:3': [1152, 896],
  '9:16': [768, 1344],
  '9:21': [640, 1536],
};

export const fluxSchnell: ReplicateModel = {
  name: 'black-forest-labs/flux-schnell',
  versions: [],
  isOutputList: true,
  rules: {
    prompt: { type: 'string', isRequired: true },
    aspect_ratio: { type: 'string', values: Object.keys(fluxSizes) },
    num_outputs: { type: 'integer', min: 1, max: 4 },
    num_inference_steps: { type: 'integer', min: 1, max: 4 },
    seed,
    output_format: outputFormat,
    output_quality: outputQuality,
    disable_safety_checker: { type: 'boolean' },
    go_fast: { type: 'boolean' },
    megapixels: { type: 'string', values: ['1', '0.25'] },
  },
  measure: (input) => {
    const [width, height] = fluxSize(input.aspect_ratio);
    const scale = input.megapixels === '0.25' ? 0.5 : 1;
    return {
      width: width * scale,
      height: height * scale,
      count: numberOr(input.num_outputs, 1),
      format: formatOf(input),
    };
  },
};

export const fluxPro: ReplicateModel = {
  name: 'black-forest-labs/flux-1.1-pro',
  versions: [],
  isOutputList: false,
  rules: {
    prompt: { type: 'string', isRequired: true },
    image_prompt: fileUri,
    aspect_ratio: { type: 'string', values: ['custom', ...Object.keys(fluxSizes)] },
    width: { type: 'integer', min: 256, max: 1440 },
    height: { type: 'integer', min: 256, max: 1440 },
    safety_tolerance: { type: 'integer', min: 1, max: 6 },
    seed,
    prompt_upsampling: { type: 'boolean' },
    output_format: outputFormat,
    output_quality: outputQuality,
  },
  measure: (input) => {
    if (input.aspect_ratio !== 'custom') {
      const [width, height] = fluxSize(input.aspect_ratio);
      return { width, height, count: 1, format: formatOf(input) };
    }
    // The model rounds custom sides to multiples of 32.
    const side = (value: unknown) => Math.round(numberOr(value, 1024) / 32) * 32;
    return { width: side(input.width), height: side(input.height), count: 1, format: formatOf(input) };
  },
};

export const sdxl: ReplicateModel = {
  name: 'stability-ai/sdxl',
  versions: [
    '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc',
    '39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b',
  ],
  isOutputList: true,
  rules: {
    prompt: { type: 'string' },
    negative_prompt: { type: 'string' },
    image: fileUri,
    mask: fileUri,
    width: { type: 'integer', min: 8, max: 2048, multipleOf: 8 },
    height: { type: 'integer', min: 8, max: 2048, multipleOf: 8 },
    num_outputs: { type: 'integer', min: 1, max: 4 },
    scheduler: {
      type: 'string',
      values: ['DDIM', 'DPMSolverMultistep', 'HeunDiscrete', 'KarrasDPM', 'K_EULER_ANCESTRAL', 'K_EULER', 'PNDM'],
    },
    num_inference_steps: { type: 'integer', min: 1, max: 500 },
    guidance_scale: { type: 'number', min: 1, max: 50 },
    prompt_strength: { type: 'number', min: 0, max: 1 },
    seed,
    refine: { type: 'string', values: ['no_refiner', 'expert_ensemble_refiner', 'base_image_refiner'] },
    high_noise_frac: { type: 'number', min: 0, max: 1 },
    refine_steps: { type: 'integer' },
    apply_watermark: { type: 'boolean' },
    lora_scale: { type: 'number', min: 0, max: 1 },
    replicate_weights: { type: 'string' },
    disable_safety_checker: { type: 'boolean' },
  },
  measure: (input) => ({
    width: numberOr(input.width, 1024),
    height: numberOr(input.height, 1024),
    count: numberOr(input.num_outputs, 1),
    format: 'png',
  }),
};

function formatOf(input: Record<string, unknown>): PictureFormat {
  if (input.output_format === 'jpg') return 'jpeg';
  return input.output_format === 'png' ? 'png' : 'webp';
}

function fluxSize(aspectRatio: unknown): readonly [number, number] {
  return (typeof aspectRatio === 'string' ? fluxSizes[aspectRatio] : undefined) ?? [1024, 1024];
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
