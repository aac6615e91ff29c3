import * as z from 'zod';
import { httpsUrl } from './input-fields.ts';
import { defineModel } from './model-contract.ts';
import { translateBy } from './translate-order.ts';
import {
  type HailuoOrder,
  type HailuoResolution,
  hailuoPrompt,
  type KlingMode,
  type KlingOrder,
  klingText,
  toFalKling,
  toReplicateHailuo,
  toReplicateKling,
  videoSides,
} from './video-orders.ts';

// The provider takes pictures in base64 too; a link keeps requests small.
const klingFields = {
  image: httpsUrl.optional(),
  prompt: klingText.optional(),
  negative_prompt: klingText.optional(),
  duration: z.enum(['5', '10']).optional(),
  cfg_scale: z.number().min(0).max(1).optional(),
  static_mask: httpsUrl.optional(),
  dynamic_masks: z
    .array(
      z.strictObject({
        mask: httpsUrl,
        trajectories: z.array(z.strictObject({ x: z.int(), y: z.int() })),
      }),
    )
    .optional(),
};
type KlingInput = z.infer<z.ZodObject<typeof klingFields>> & { image_tail?: string | undefined };

const hasSubject = (input: KlingInput) => Boolean(input.image ?? input.image_tail ?? input.prompt);
const noSubject = { path: ['prompt'], message: 'a prompt is required when no image is given' };

const klingCommon = {
  provider: 'freepik',
  type: 'video',
  complete: <T extends KlingInput>(input: T): T => ({ ...input, duration: input.duration ?? '5' }),
} as const;

/** POST /v1/ai/image-to-video/kling-v2-1-std */
export const klingStd = defineModel({
  ...klingCommon,
  name: 'kling-v2-1-std',
  title: 'Kling 2.1 standard (Freepik)',
  description: 'Image-to-video by Kuaishou in 720p, 5 or 10 seconds; made by Freepik (Magnific).',
  input: z.strictObject(klingFields).refine(hasSubject, noSubject),
  measure: (input) => measureKling(input, '720p'),
  equals: klingEquals('standard', 'fal/kling-v2.1-standard'),
});

/** POST /v1/ai/image-to-video/kling-v2-1-pro */
export const klingPro = defineModel({
  ...klingCommon,
  name: 'kling-v2-1-pro',
  aliases: ['kling'],
  title: 'Kling 2.1 pro (Freepik)',
  description: 'Image-to-video by Kuaishou in 1080p, 5 or 10 seconds, with a last frame; made by Freepik (Magnific).',
  input: z.strictObject({ ...klingFields, image_tail: httpsUrl.optional() }).refine(hasSubject, noSubject),
  measure: (input) => measureKling(input, '1080p'),
  equals: klingEquals('pro', 'fal/kling-v2.1-pro'),
});

function measureKling(input: KlingInput, format: '720p' | '1080p') {
  const seconds = klingSeconds(input);
  return { units: seconds, seconds, resolution: videoSides[format] };
}

function klingEquals(mode: KlingMode, falId: string) {
  const read = (input: KlingInput) => readKling(input, mode);
  return [
    { id: 'replicate/kling-v2.1', translate: translateBy(read, toReplicateKling) },
    { id: falId, translate: translateBy(read, (order) => toFalKling(order, mode)) },
  ];
}

/** Null with masks, or without a first frame or a prompt: the others want both and take no masks. */
function readKling(input: KlingInput, mode: KlingMode): KlingOrder | null {
  const { image, prompt, static_mask: staticMask, dynamic_masks: dynamicMasks } = input;
  if (!image || !prompt || staticMask !== undefined || dynamicMasks !== undefined) return null;
  return {
    prompt,
    mode,
    startImage: image,
    endImage: input.image_tail,
    negativePrompt: input.negative_prompt,
    seconds: klingSeconds(input),
    cfgScale: input.cfg_scale,
  };
}

function klingSeconds({ duration }: KlingInput): 5 | 10 {
  return duration === '10' ? 10 : 5;
}

const hailuoFields = {
  prompt: hailuoPrompt,
  prompt_optimizer: z.boolean().optional(),
  first_frame_image: httpsUrl.optional(),
  last_frame_image: httpsUrl.optional(),
};
type HailuoInput = z.infer<z.ZodObject<typeof hailuoFields>> & { duration?: 6 | 10 | undefined };

const startsWhereItEnds = (input: HailuoInput) => !input.last_frame_image || Boolean(input.first_frame_image);
const noFirstFrame = { path: ['first_frame_image'], message: 'a last_frame_image needs a first_frame_image' };

const hailuoCommon = {
  provider: 'freepik',
  type: 'video',
  complete: <T extends HailuoInput>(input: T): T => ({ ...input, duration: input.duration ?? 6 }),
} as const;

/** POST /v1/ai/image-to-video/minimax-hailuo-02-768p */
export const hailuo768 = defineModel({
  ...hailuoCommon,
  name: 'minimax-hailuo-02-768p',
  aliases: ['minimax'],
  title: 'Hailuo 02, 768p (Freepik)',
  description: 'Text-to-video and image-to-video by MiniMax, 6 or 10 seconds in 768p; made by Freepik (Magnific).',
  input: z
    .strictObject({ ...hailuoFields, duration: z.literal([6, 10]).optional() })
    .refine(startsWhereItEnds, noFirstFrame),
  measure: (input) => measureHailuo(input, '768p'),
  equals: hailuoEquals('768p'),
});

/** POST /v1/ai/image-to-video/minimax-hailuo-02-1080p */
export const hailuo1080 = defineModel({
  ...hailuoCommon,
  name: 'minimax-hailuo-02-1080p',
  title: 'Hailuo 02, 1080p (Freepik)',
  description: 'Text-to-video and image-to-video by MiniMax, 6 seconds in 1080p; made by Freepik (Magnific).',
  input: z.strictObject({ ...hailuoFields, duration: z.literal(6).optional() }).refine(startsWhereItEnds, noFirstFrame),
  measure: (input) => measureHailuo(input, '1080p'),
  equals: hailuoEquals('1080p'),
});

function measureHailuo(input: HailuoInput, resolution: HailuoResolution) {
  const seconds = input.duration ?? 6;
  return { units: seconds, seconds, resolution: videoSides[resolution] };
}

function hailuoEquals(resolution: HailuoResolution) {
  const read = (input: HailuoInput) => readHailuo(input, resolution);
  return [{ id: 'replicate/hailuo-2.3', translate: translateBy(read, toReplicateHailuo) }];
}

/** Null with a last frame, which the other does not take. */
function readHailuo(input: HailuoInput, resolution: HailuoResolution): HailuoOrder | null {
  if (input.last_frame_image !== undefined) return null;
  return {
    prompt: input.prompt,
    resolution,
    firstFrame: input.first_frame_image,
    seconds: input.duration ?? 6,
    isOptimized: input.prompt_optimizer,
  };
}
