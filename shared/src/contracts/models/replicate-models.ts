import * as z from 'zod';
import { defineModel, squareSide } from './model-contract.ts';

const prompt = z.string().trim().min(1).max(10_000);
const seed = z.int().min(0).max(4_294_967_295);
const outputFormat = z.enum(['webp', 'jpg', 'png']);
const outputQuality = z.int().min(0).max(100);
const fluxRatios = ['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21'] as const;

/** https://replicate.com/black-forest-labs/flux-schnell/api */
export const fluxSchnell = defineModel({
  provider: 'replicate',
  name: 'flux-schnell',
  title: 'FLUX schnell',
  description: 'Fast text-to-image by Black Forest Labs, for drafts and volume.',
  type: 'image',
  input: z.strictObject({
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
  }),
  complete: (input, limits) => ({
    ...input,
    num_outputs: input.num_outputs ?? 1,
    megapixels: input.megapixels ?? (limits.resolutionMax < 1024 ? '0.25' : '1'),
  }),
  measure: (input) => ({ units: input.num_outputs ?? 1, resolution: input.megapixels === '0.25' ? 512 : 1024 }),
});

const fluxProSide = z.int().min(256).max(1440).multipleOf(32);

/** https://replicate.com/black-forest-labs/flux-1.1-pro/api */
export const fluxPro = defineModel({
  provider: 'replicate',
  name: 'flux-1.1-pro',
  aliases: ['flux-pro'],
  title: 'FLUX 1.1 pro',
  description: 'Text-to-image by Black Forest Labs with close attention to the prompt.',
  type: 'image',
  input: z
    .strictObject({
      prompt,
      image_prompt: z.url({ protocol: /^https$/ }).optional(),
      aspect_ratio: z.enum([...fluxRatios, 'custom']).optional(),
      width: fluxProSide.optional(),
      height: fluxProSide.optional(),
      safety_tolerance: z.int().min(1).max(6).optional(),
      seed: seed.optional(),
      prompt_upsampling: z.boolean().optional(),
      output_format: outputFormat.optional(),
      output_quality: outputQuality.optional(),
    })
    .refine(
      (input) => (input.aspect_ratio === 'custom') === (input.width !== undefined && input.height !== undefined),
      {
        path: ['aspect_ratio'],
        message: 'width and height go together with aspect_ratio "custom", and only with it',
      },
    ),
  complete: (input, limits) =>
    input.aspect_ratio === undefined && limits.resolutionMax < 1024
      ? { ...input, aspect_ratio: 'custom' as const, width: 512, height: 512 }
      : { ...input, aspect_ratio: input.aspect_ratio ?? '1:1' },
  measure: (input) => ({
    units: 1,
    resolution: input.width && input.height ? squareSide(input.width, input.height) : 1024,
  }),
});

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
    image: z.url({ protocol: /^https$/ }).optional(),
    mask: z.url({ protocol: /^https$/ }).optional(),
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
