import * as z from 'zod';
import {
  type FluxOrder,
  fluxRatios,
  halved,
  proSizes,
  schnellSizes,
  toFalPro,
  toFalSchnell,
  toFreepikPro,
} from './flux-orders.ts';
import { httpsUrl, prompt, seed } from './input-fields.ts';
import { defineModel, squareSide } from './model-contract.ts';
import { translateBy } from './translate-order.ts';
import {
  type HailuoOrder,
  hailuoPrompt,
  type KlingOrder,
  klingPrompt,
  klingText,
  toFalKling,
  toFreepikHailuo,
  toFreepikKling,
  videoSides,
} from './video-orders.ts';

const outputFormat = z.enum(['webp', 'jpg', 'png']);
const outputQuality = z.int().min(0).max(100);

const schnellInput = z.strictObject({
  prompt,
  aspect_ratio: z.enum(fluxRatios).optional(),
  num_outputs: z.int().min(1).max(4).optional(),
  num_inference_steps: z.int().min(1).max(4).optional(),
  seed: seed.optional(),
  output_format: outputFormat.optional(),
  output_quality: outputQuality.optional(),
  // The provider's safety check is the platform's duty, so tenants cannot switch it off.
  disable_safety_checker: z.literal(false).optional(),
  go_fast: z.boolean().optional(),
  megapixels: z.enum(['1', '0.25']).optional(),
});

/** https://replicate.com/black-forest-labs/flux-schnell/api */
export const fluxSchnell = defineModel({
  provider: 'replicate',
  name: 'flux-schnell',
  title: 'FLUX schnell',
  description: 'Fast text-to-image by Black Forest Labs, for drafts and volume.',
  type: 'image',
  input: schnellInput,
  complete: (input, limits) => ({
    ...input,
    num_outputs: input.num_outputs ?? 1,
    megapixels: input.megapixels ?? (limits.resolutionMax < 1024 ? '0.25' : '1'),
  }),
  measure: (input) => ({ units: input.num_outputs ?? 1, resolution: input.megapixels === '0.25' ? 512 : 1024 }),
  equals: [{ id: 'fal/flux-schnell', translate: translateBy(readSchnell, toFalSchnell) }],
});

/** `go_fast` is left out: it changes how the picture is made, not what was ordered. */
function readSchnell(input: z.infer<typeof schnellInput>): FluxOrder {
  const ratio = input.aspect_ratio ?? '1:1';
  const isQuarter = input.megapixels === '0.25';
  return {
    prompt: input.prompt,
    ratio: isQuarter ? undefined : ratio,
    size: isQuarter ? halved(schnellSizes[ratio]) : schnellSizes[ratio],
    count: input.num_outputs ?? 1,
    seed: input.seed,
    steps: input.num_inference_steps,
    format: input.output_format,
    quality: qualityOf(input),
  };
}

const proSide = z.int().min(256).max(1440).multipleOf(32);
const proInput = z
  .strictObject({
    prompt,
    image_prompt: httpsUrl.optional(),
    aspect_ratio: z.enum([...fluxRatios, 'custom']).optional(),
    width: proSide.optional(),
    height: proSide.optional(),
    safety_tolerance: z.int().min(1).max(6).optional(),
    seed: seed.optional(),
    prompt_upsampling: z.boolean().optional(),
    output_format: outputFormat.optional(),
    output_quality: outputQuality.optional(),
  })
  .refine((input) => (input.aspect_ratio === 'custom') === (input.width !== undefined && input.height !== undefined), {
    path: ['aspect_ratio'],
    message: 'width and height go together with aspect_ratio "custom", and only with it',
  });

/** https://replicate.com/black-forest-labs/flux-1.1-pro/api */
export const fluxPro = defineModel({
  provider: 'replicate',
  name: 'flux-1.1-pro',
  aliases: ['flux-pro'],
  title: 'FLUX 1.1 pro',
  description: 'Text-to-image by Black Forest Labs with close attention to the prompt.',
  type: 'image',
  input: proInput,
  complete: (input, limits) =>
    input.aspect_ratio === undefined && limits.resolutionMax < 1024
      ? { ...input, aspect_ratio: 'custom' as const, width: 512, height: 512 }
      : { ...input, aspect_ratio: input.aspect_ratio ?? '1:1' },
  measure: (input) => ({
    units: 1,
    resolution: input.width && input.height ? squareSide(input.width, input.height) : 1024,
  }),
  equals: [
    { id: 'fal/flux-1.1-pro', translate: translateBy(readPro, toFalPro) },
    { id: 'freepik/flux-pro-v1-1', translate: translateBy(readPro, toFreepikPro) },
  ],
});

/** Null with a picture beside the prompt, which the others do not take. */
function readPro(input: z.infer<typeof proInput>): FluxOrder | null {
  if (input.image_prompt !== undefined) return null;
  const ratio = input.aspect_ratio ?? '1:1';
  const { width = 1024, height = 1024 } = input;
  return {
    prompt: input.prompt,
    ...(ratio === 'custom' ? { size: [width, height] } : { ratio, size: proSizes[ratio] }),
    count: 1,
    seed: input.seed,
    format: input.output_format,
    quality: qualityOf(input),
    safetyTolerance: input.safety_tolerance,
    isUpsampled: input.prompt_upsampling,
  };
}

/** PNG has no quality steps. */
function qualityOf(input: { output_format?: string | undefined; output_quality?: number | undefined }) {
  return input.output_format === 'png' ? undefined : input.output_quality;
}

const sdxlSide = z.int().min(256).max(2048).multipleOf(8);

/** https://github.com/replicate/cog-sdxl, predict.py */
export const sdxl = defineModel({
  provider: 'replicate',
  name: 'sdxl',
  title: 'Stable Diffusion XL',
  description: 'Text-to-image, image-to-image and inpainting by Stability AI.',
  type: 'image',
  input: z.strictObject({
    prompt,
    negative_prompt: z.string().max(10_000).optional(),
    image: httpsUrl.optional(),
    mask: httpsUrl.optional(),
    width: sdxlSide.optional(),
    height: sdxlSide.optional(),
    num_outputs: z.int().min(1).max(4).optional(),
    scheduler: z
      .enum(['DDIM', 'DPMSolverMultistep', 'HeunDiscrete', 'KarrasDPM', 'K_EULER_ANCESTRAL', 'K_EULER', 'PNDM'])
      .optional(),
    num_inference_steps: z.int().min(1).max(500).optional(),
    guidance_scale: z.number().min(1).max(50).optional(),
    prompt_strength: z.number().min(0).max(1).optional(),
    seed: seed.optional(),
    refine: z.enum(['no_refiner', 'expert_ensemble_refiner', 'base_image_refiner']).optional(),
    high_noise_frac: z.number().min(0).max(1).optional(),
    refine_steps: z.int().min(1).max(500).optional(),
    apply_watermark: z.boolean().optional(),
    lora_scale: z.number().min(0).max(1).optional(),
  }),
  complete: (input, limits) => {
    const side = Math.min(1024, limits.resolutionMax);
    return {
      ...input,
      num_outputs: input.num_outputs ?? 1,
      width: input.width ?? side,
      height: input.height ?? side,
    };
  },
  measure: (input) => ({
    units: input.num_outputs ?? 1,
    resolution: squareSide(input.width ?? 1024, input.height ?? 1024),
  }),
});

const klingInput = z
  .strictObject({
    prompt: klingPrompt,
    start_image: httpsUrl,
    end_image: httpsUrl.optional(),
    mode: z.enum(['standard', 'pro']).optional(),
    duration: z.literal([5, 10]).optional(),
    negative_prompt: klingText.optional(),
  })
  .refine((input) => input.end_image === undefined || input.mode !== 'standard', {
    path: ['mode'],
    message: 'an end_image needs mode "pro"',
  });

/** https://replicate.com/kwaivgi/kling-v2.1/api */
export const kling = defineModel({
  provider: 'replicate',
  name: 'kling-v2.1',
  aliases: ['kling', 'kling-1.5'],
  title: 'Kling 2.1',
  description: 'Image-to-video by Kuaishou: 5 or 10 seconds in 720p or 1080p, from a first frame and a prompt.',
  type: 'video',
  input: klingInput,
  complete: (input) => ({
    ...input,
    mode: input.mode ?? (input.end_image === undefined ? 'standard' : 'pro'),
    duration: input.duration ?? 5,
  }),
  measure: (input) => ({
    units: input.duration ?? 5,
    seconds: input.duration ?? 5,
    resolution: videoSides[input.mode === 'pro' ? '1080p' : '720p'],
  }),
  equals: [
    { id: 'fal/kling-v2.1-standard', translate: translateBy(readKling, (order) => toFalKling(order, 'standard')) },
    { id: 'fal/kling-v2.1-pro', translate: translateBy(readKling, (order) => toFalKling(order, 'pro')) },
    { id: 'freepik/kling-v2-1-std', translate: translateBy(readKling, (order) => toFreepikKling(order, 'standard')) },
    { id: 'freepik/kling-v2-1-pro', translate: translateBy(readKling, (order) => toFreepikKling(order, 'pro')) },
  ],
});

function readKling(input: z.infer<typeof klingInput>): KlingOrder {
  return {
    prompt: input.prompt,
    mode: input.mode ?? 'standard',
    startImage: input.start_image,
    endImage: input.end_image,
    negativePrompt: input.negative_prompt,
    seconds: input.duration ?? 5,
  };
}

const hailuoInput = z
  .strictObject({
    prompt: hailuoPrompt,
    first_frame_image: httpsUrl.optional(),
    duration: z.literal([6, 10]).optional(),
    resolution: z.enum(['768p', '1080p']).optional(),
    prompt_optimizer: z.boolean().optional(),
  })
  .refine((input) => input.duration !== 10 || input.resolution !== '1080p', {
    path: ['duration'],
    message: '10 seconds are made in 768p only',
  });

/** https://replicate.com/minimax/hailuo-2.3/api */
export const hailuo = defineModel({
  provider: 'replicate',
  name: 'hailuo-2.3',
  aliases: ['minimax', 'hailuo'],
  title: 'Hailuo 2.3',
  description: 'Text-to-video and image-to-video by MiniMax: 6 or 10 seconds in 768p, 6 in 1080p.',
  type: 'video',
  input: hailuoInput,
  complete: (input) => ({ ...input, duration: input.duration ?? 6, resolution: input.resolution ?? '768p' }),
  measure: (input) => ({
    units: input.duration ?? 6,
    seconds: input.duration ?? 6,
    resolution: videoSides[input.resolution ?? '768p'],
  }),
  equals: [
    {
      id: 'freepik/minimax-hailuo-02-768p',
      translate: translateBy(readHailuo, (order) => toFreepikHailuo(order, '768p')),
    },
    {
      id: 'freepik/minimax-hailuo-02-1080p',
      translate: translateBy(readHailuo, (order) => toFreepikHailuo(order, '1080p')),
    },
  ],
});

function readHailuo(input: z.infer<typeof hailuoInput>): HailuoOrder {
  return {
    prompt: input.prompt,
    resolution: input.resolution ?? '768p',
    firstFrame: input.first_frame_image,
    seconds: input.duration ?? 6,
    isOptimized: input.prompt_optimizer,
  };
}
