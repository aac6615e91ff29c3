import * as z from 'zod';
import { defineModel, squareSide } from './model-contract.ts';

const sizePattern = /^(\d{3,4})x(\d{3,4})$/;

/** Width and height of `WxH`; what `auto` may become at most is the largest standard size. */
function dimensions(size: string): [number, number] {
  const [, width, height] = sizePattern.exec(size) ?? [];
  return width && height ? [Number(width), Number(height)] : [1536, 1024];
}

function isAllowedSize(size: string): boolean {
  if (size === 'auto') return true;
  if (!sizePattern.test(size)) return false;
  const [width, height] = dimensions(size);
  const ratio = width / height;
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  return width % 16 === 0 && height % 16 === 0 && ratio >= 1 / 3 && ratio <= 3 && long <= 3840 && short <= 2160;
}

/** https://developers.openai.com/api/docs/guides/image-generation: gpt-image-2 takes any size within these rules. */
export const gptImage2 = defineModel({
  provider: 'openai',
  name: 'gpt-image-2',
  title: 'GPT Image 2',
  description: 'Text-to-image by OpenAI; follows long and detailed instructions and writes text into pictures.',
  type: 'image',
  input: z
    .strictObject({
      prompt: z.string().trim().min(1).max(32_000),
      n: z.int().min(1).max(10).optional(),
      size: z
        .string()
        .refine(isAllowedSize, 'must be "auto" or WIDTHxHEIGHT: multiples of 16, ratio 1:3 to 3:1, 3840x2160 at most')
        .optional(),
      quality: z.enum(['low', 'medium', 'high', 'auto']).optional(),
      background: z.enum(['transparent', 'opaque', 'auto']).optional(),
      output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
      output_compression: z.int().min(0).max(100).optional(),
      moderation: z.enum(['low', 'auto']).optional(),
    })
    .refine((input) => input.background !== 'transparent' || input.output_format !== 'jpeg', {
      path: ['background'],
      message: 'a transparent background needs output_format png or webp',
    }),
  complete: (input, limits) => ({
    ...input,
    n: input.n ?? 1,
    quality: input.quality ?? 'medium',
    size: input.size ?? (limits.resolutionMax < 1024 ? '512x512' : '1024x1024'),
  }),
  measure: (input) => ({
    units: input.n ?? 1,
    resolution: squareSide(...dimensions(input.size ?? '1024x1024')),
    quality: input.quality ?? 'medium',
  }),
});
