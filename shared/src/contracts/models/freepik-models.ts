import * as z from 'zod';
import { type FluxOrder, freepikRatios, proSizes, toFalPro, toReplicatePro } from './flux-orders.ts';
import { prompt, seed } from './input-fields.ts';
import { defineModel } from './model-contract.ts';
import { translateBy } from './translate-order.ts';

const percent = z.int().min(0).max(100);
const strength = z.number().min(0).max(200);
const sides = { '1k': 1024, '2k': 2048, '4k': 4096 } as const;
const engine = z.enum(['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle']);

/** POST /v1/ai/mystic of the Magnific (formerly Freepik) API. One picture per task. */
export const mystic = defineModel({
  provider: 'freepik',
  name: 'mystic',
  title: 'Mystic',
  description: 'Photorealistic text-to-image by Freepik (Magnific), up to 4K.',
  type: 'image',
  input: z.strictObject({
    prompt,
    structure_reference: z.base64().optional(),
    structure_strength: percent.optional(),
    style_reference: z.base64().optional(),
    adherence: percent.optional(),
    hdr: percent.optional(),
    resolution: z.enum(['1k', '2k', '4k']).optional(),
    aspect_ratio: z
      .enum([
        'square_1_1',
        'classic_4_3',
        'traditional_3_4',
        'widescreen_16_9',
        'social_story_9_16',
        'smartphone_horizontal_20_9',
        'smartphone_vertical_9_20',
        'standard_3_2',
        'portrait_2_3',
        'horizontal_2_1',
        'vertical_1_2',
        'social_5_4',
      ])
      .optional(),
    model: z.enum(['realism', 'fluid', 'zen', 'flexible', 'super_real', 'editorial_portraits']).optional(),
    creative_detailing: percent.optional(),
    engine: engine.optional(),
    fixed_generation: z.boolean().optional(),
    filter_nsfw: z.boolean().optional(),
    styling: z
      .strictObject({
        styles: z
          .array(z.strictObject({ name: z.string().min(1), strength: strength.optional() }))
          .max(1)
          .optional(),
        characters: z
          .array(z.strictObject({ id: z.string().min(1).optional(), strength }))
          .max(1)
          .optional(),
        colors: z
          .array(
            z.strictObject({
              color: z.string().regex(/^#[0-9A-Fa-f]{6}$/),
              weight: z.number().min(0.05).max(1).optional(),
            }),
          )
          .min(1)
          .max(5)
          .optional(),
      })
      .optional(),
  }),
  complete: (input, limits) => ({
    ...input,
    resolution: input.resolution ?? (limits.resolutionMax < 2048 ? '1k' : '2k'),
  }),
  measure: (input) => ({ units: 1, resolution: sides[input.resolution ?? '2k'] }),
});

const fluxInput = z.strictObject({
  prompt,
  prompt_upsampling: z.boolean().optional(),
  seed: seed.optional(),
  aspect_ratio: z
    .enum([
      'square_1_1',
      'classic_4_3',
      'traditional_3_4',
      'widescreen_16_9',
      'social_story_9_16',
      'standard_3_2',
      'portrait_2_3',
      'horizontal_2_1',
      'vertical_1_2',
      'social_post_4_5',
    ])
    .optional(),
  safety_tolerance: z.int().min(0).max(6).optional(),
  output_format: z.enum(['jpeg', 'png']).optional(),
});

/** POST /v1/ai/text-to-image/flux-pro-v1-1. One picture of about a megapixel per task. */
export const freepikFluxPro = defineModel({
  provider: 'freepik',
  name: 'flux-pro-v1-1',
  aliases: ['flux'],
  title: 'FLUX 1.1 pro (Freepik)',
  description: 'Text-to-image by Black Forest Labs with close attention to the prompt; made by Freepik (Magnific).',
  type: 'image',
  input: fluxInput,
  measure: () => ({ units: 1, resolution: 1024 }),
  equals: [
    { id: 'replicate/flux-1.1-pro', translate: translateBy(readFlux, toReplicatePro) },
    { id: 'fal/flux-1.1-pro', translate: translateBy(readFlux, toFalPro) },
  ],
});

function readFlux(input: z.infer<typeof fluxInput>): FluxOrder {
  const ratio = freepikRatios[input.aspect_ratio ?? 'square_1_1'];
  return {
    prompt: input.prompt,
    ratio,
    size: proSizes[ratio],
    count: 1,
    seed: input.seed,
    format: input.output_format === 'jpeg' ? 'jpg' : input.output_format,
    safetyTolerance: input.safety_tolerance,
    isUpsampled: input.prompt_upsampling,
  };
}

const shade = z.int().min(-10).max(10);

/** POST /v1/ai/image-upscaler. The result has 25.3 million pixels at most. */
export const upscaler = defineModel({
  provider: 'freepik',
  name: 'image-upscaler',
  aliases: ['upscaler'],
  title: 'Magnific upscaler',
  description: 'Makes a picture 2 to 16 times as wide and high, inventing detail on the way, by Freepik (Magnific).',
  type: 'image',
  input: z.strictObject({
    image: z.base64().min(1),
    scale_factor: z.enum(['2x', '4x', '8x', '16x']).optional(),
    optimized_for: z
      .enum([
        'standard',
        'soft_portraits',
        'hard_portraits',
        'art_n_illustration',
        'videogame_assets',
        'nature_n_landscapes',
        'films_n_photography',
        '3d_renders',
        'science_fiction_n_horror',
      ])
      .optional(),
    prompt: prompt.optional(),
    creativity: shade.optional(),
    hdr: shade.optional(),
    resemblance: shade.optional(),
    fractality: shade.optional(),
    engine: engine.optional(),
    filter_nsfw: z.boolean().optional(),
  }),
  complete: (input) => ({ ...input, scale_factor: input.scale_factor ?? '2x' }),
  measure: (input) => ({ units: 1, quality: input.scale_factor ?? '2x' }),
});
