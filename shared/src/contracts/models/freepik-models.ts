import * as z from 'zod';
import { defineModel } from './model-contract.ts';

const percent = z.int().min(0).max(100);
const strength = z.number().min(0).max(200);
const sides = { '1k': 1024, '2k': 2048, '4k': 4096 } as const;

/** POST /v1/ai/mystic of the Magnific (formerly Freepik) API. One picture per task. */
export const mystic = defineModel({
  provider: 'freepik',
  name: 'mystic',
  title: 'Mystic',
  description: 'Photorealistic text-to-image by Freepik (Magnific), up to 4K.',
  type: 'image',
  input: z.strictObject({
    prompt: z.string().trim().min(1).max(10_000),
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
    engine: z.enum(['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle']).optional(),
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
