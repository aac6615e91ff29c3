import * as z from 'zod';
import { defineModel, type OutputLimits, squareSide } from './model-contract.ts';

const sizePattern = /^(\d{3,4})x(\d{3,4})$/;
const sideMax = 3_840;
const pixelsMin = 655_360;
const pixelsMax = 3_840 * 2_160;

/** Width and height of `WxH`; what `auto` may become at most is the largest standard size. */
function dimensions(size: string): [number, number] {
  const [, width, height] = sizePattern.exec(size) ?? [];
  return width && height ? [Number(width), Number(height)] : [1536, 1024];
}

function isAllowedSize(size: string): boolean {
  if (size === 'auto') return true;
  if (!sizePattern.test(size)) return false;
  const [width, height] = dimensions(size);
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const pixels = width * height;
  const isOnGrid = width % 16 === 0 && height % 16 === 0;
  return isOnGrid && long <= short * 3 && long <= sideMax && pixels >= pixelsMin && pixels <= pixelsMax;
}

const freeSize = z
  .string()
  .refine(
    isAllowedSize,
    'must be "auto" or WIDTHxHEIGHT: multiples of 16, ratio 1:3 to 3:1, 3840 at most, 655360 to 8294400 pixels',
  );
const standardSize = z.enum(['1024x1024', '1536x1024', '1024x1536', 'auto']);
const quality = z.enum(['low', 'medium', 'high', 'auto']);

/** POST /images/generations of all GPT Image models. */
const imageFields = {
  prompt: z.string().trim().min(1).max(32_000),
  n: z.int().min(1).max(10).optional(),
  background: z.enum(['transparent', 'opaque', 'auto']).optional(),
  output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  output_compression: z.int().min(0).max(100).optional(),
  moderation: z.enum(['low', 'auto']).optional(),
};

interface Picture {
  n?: number | undefined;
  size?: string | undefined;
  quality?: string | undefined;
  background?: string | undefined;
  output_format?: string | undefined;
}

function isPossible({ background, output_format }: Picture): boolean {
  return background !== 'transparent' || output_format !== 'jpeg';
}

const impossible = { path: ['background'], message: 'a transparent background needs output_format png or webp' };

const measure = ({ n, size, quality }: Picture) => ({
  units: n ?? 1,
  resolution: squareSide(...dimensions(size ?? '1024x1024')),
  quality: quality ?? 'medium',
});

const freeInput = z.strictObject({ ...imageFields, size: freeSize.optional(), quality: quality.optional() });
const standardInput = z.strictObject({ ...imageFields, size: standardSize.optional(), quality: quality.optional() });

type FreeInput = z.infer<typeof freeInput>;
type StandardInput = z.infer<typeof standardInput>;

/** A plan that allows less than the standard square gets the smallest that there is. */
const completeFree = (input: FreeInput, limits: OutputLimits): FreeInput => ({
  ...input,
  n: input.n ?? 1,
  quality: input.quality ?? 'medium',
  size: input.size ?? (limits.resolutionMax < 1024 ? '816x816' : '1024x1024'),
});

const completeStandard = (input: StandardInput): StandardInput => ({
  ...input,
  n: input.n ?? 1,
  quality: input.quality ?? 'medium',
  size: input.size ?? '1024x1024',
});

interface Naming {
  name: string;
  title: string;
  description: string;
}

/** https://developers.openai.com/api/docs/guides/image-generation: any size within the rules above. */
const freeModel = (naming: Naming) =>
  defineModel({
    ...naming,
    provider: 'openai',
    type: 'image',
    input: freeInput.refine(isPossible, impossible),
    complete: completeFree,
    measure,
  });

const standardModel = (naming: Naming) =>
  defineModel({
    ...naming,
    provider: 'openai',
    type: 'image',
    input: standardInput.refine(isPossible, impossible),
    complete: completeStandard,
    measure,
  });

export const gptImage2 = freeModel({
  name: 'gpt-image-2',
  title: 'GPT Image 2',
  description: 'Text-to-image by OpenAI; follows long and detailed instructions and writes text into pictures.',
});

export const gptImage25Flare = freeModel({
  name: 'gpt-image-2.5-flare',
  title: 'GPT Image 2.5 Flare',
  description: 'Fast text-to-image by OpenAI for everyday pictures.',
});

export const gptImage25Sunburst = freeModel({
  name: 'gpt-image-2.5-sunburst',
  title: 'GPT Image 2.5 Sunburst',
  description: 'Text-to-image by OpenAI with precise control.',
});

export const gptImage26Sunburst = defineModel({
  provider: 'openai',
  name: 'gpt-image-2.6-sunburst',
  title: 'GPT Image 2.6 Sunburst',
  description: 'Text-to-image by OpenAI for detailed compositions; plans a picture before it draws.',
  type: 'image',
  input: freeInput.extend({ complexity: z.enum(['low', 'medium', 'high']).optional() }).refine(isPossible, impossible),
  complete: (input, limits) => ({ ...input, ...completeFree(input, limits) }),
  measure,
});

/** Ends at OpenAI on 2026-12-01, as the next. */
export const gptImage15 = standardModel({
  name: 'gpt-image-1.5',
  title: 'GPT Image 1.5',
  description: 'Text-to-image by OpenAI in three sizes. Ends on 2026-12-01: use gpt-image-2.5-flare.',
});

export const gptImage1Mini = standardModel({
  name: 'gpt-image-1-mini',
  title: 'GPT Image 1 mini',
  description: 'Inexpensive text-to-image by OpenAI in three sizes. Ends on 2026-12-01: use gpt-image-2.5-flare.',
});
