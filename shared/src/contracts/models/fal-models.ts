import * as z from 'zod';
import { type FluxOrder, type Size, toFreepikPro, toReplicatePro, toReplicateSchnell } from './flux-orders.ts';
import { httpsUrl, prompt, seed } from './input-fields.ts';
import { defineModel, type OutputLimits, squareSide } from './model-contract.ts';
import { translateBy } from './translate-order.ts';
import {
  type KlingMode,
  type KlingOrder,
  klingPrompt,
  klingText,
  toFreepikKling,
  toReplicateKling,
  videoSides,
} from './video-orders.ts';

const presets = {
  square_hd: { size: [1024, 1024], ratio: '1:1' },
  // A quarter of a megapixel: no other provider's ratio means that.
  square: { size: [512, 512], ratio: undefined },
  portrait_4_3: { size: [768, 1024], ratio: '3:4' },
  portrait_16_9: { size: [576, 1024], ratio: '9:16' },
  landscape_4_3: { size: [1024, 768], ratio: '4:3' },
  landscape_16_9: { size: [1024, 576], ratio: '16:9' },
} as const;
const presetNames = [
  'square_hd',
  'square',
  'portrait_4_3',
  'portrait_16_9',
  'landscape_4_3',
  'landscape_16_9',
] as const;
const presetDefault = 'landscape_4_3';
const sideDefault = 512;

const side = z.int().min(1).max(14_142);
const imageSize = z.union([z.enum(presetNames), z.strictObject({ width: side.optional(), height: side.optional() })]);
type ImageSize = z.infer<typeof imageSize>;

/**
 * What both FLUX models take. `sync_mode` is left out: it puts the picture into the answer, where nothing is delivered
 * from. The provider's safety check is the platform's duty, so tenants cannot switch it off.
 */
const fluxFields = {
  prompt,
  image_size: imageSize.optional(),
  num_images: z.int().min(1).max(4).optional(),
  seed: seed.optional(),
  output_format: z.enum(['jpeg', 'png']).optional(),
  enable_safety_checker: z.literal(true).optional(),
};

const schnellInput = z.strictObject({
  ...fluxFields,
  num_inference_steps: z.int().min(1).max(12).optional(),
  guidance_scale: z.number().min(1).max(20).optional(),
  acceleration: z.enum(['none', 'regular', 'high']).optional(),
});

/** https://fal.ai/models/fal-ai/flux/schnell/api */
export const falFluxSchnell = defineModel({
  provider: 'fal',
  name: 'flux-schnell',
  title: 'FLUX schnell (fal)',
  description: 'Fast text-to-image by Black Forest Labs in any size, for drafts and volume; made by fal.',
  type: 'image',
  input: schnellInput,
  complete: completeFlux,
  measure: measureFlux,
  equals: [{ id: 'replicate/flux-schnell', translate: translateBy(readSchnell, toReplicateSchnell) }],
});

/** `acceleration` is left out: it changes how the picture is made. Guidance is not to be had elsewhere. */
function readSchnell(input: z.infer<typeof schnellInput>): FluxOrder | null {
  if (input.guidance_scale !== undefined) return null;
  return { ...readFlux(input), steps: input.num_inference_steps };
}

const proInput = z.strictObject({
  ...fluxFields,
  safety_tolerance: z.enum(['1', '2', '3', '4', '5', '6']).optional(),
  enhance_prompt: z.boolean().optional(),
});

/** https://fal.ai/models/fal-ai/flux-pro/v1.1/api */
export const falFluxPro = defineModel({
  provider: 'fal',
  name: 'flux-1.1-pro',
  title: 'FLUX 1.1 pro (fal)',
  description: 'Text-to-image by Black Forest Labs with close attention to the prompt; made by fal.',
  type: 'image',
  input: proInput,
  complete: completeFlux,
  measure: measureFlux,
  equals: [
    { id: 'replicate/flux-1.1-pro', translate: translateBy(readPro, toReplicatePro) },
    { id: 'freepik/flux-pro-v1-1', translate: translateBy(readPro, toFreepikPro) },
  ],
});

function readPro(input: z.infer<typeof proInput>): FluxOrder {
  return {
    ...readFlux(input),
    safetyTolerance: input.safety_tolerance === undefined ? undefined : Number(input.safety_tolerance),
    isUpsampled: input.enhance_prompt,
  };
}

type FluxInput = z.infer<z.ZodObject<typeof fluxFields>>;

function readFlux(input: FluxInput): FluxOrder {
  return {
    prompt: input.prompt,
    ratio: typeof input.image_size === 'object' ? undefined : presets[input.image_size ?? presetDefault].ratio,
    size: sizeOf(input.image_size),
    count: input.num_images ?? 1,
    seed: input.seed,
    format: input.output_format === 'jpeg' ? 'jpg' : input.output_format,
  };
}

function completeFlux<T extends FluxInput>(input: T, limits: OutputLimits): T {
  return {
    ...input,
    num_images: input.num_images ?? 1,
    image_size: completeSize(input.image_size ?? (limits.resolutionMax < 1024 ? 'square' : presetDefault)),
  };
}

function completeSize(size: ImageSize): ImageSize {
  return typeof size === 'string' ? size : { width: size.width ?? sideDefault, height: size.height ?? sideDefault };
}

function measureFlux(input: FluxInput) {
  return { units: input.num_images ?? 1, resolution: squareSide(...sizeOf(input.image_size)) };
}

function sizeOf(size: ImageSize = presetDefault): Size {
  return typeof size === 'string' ? presets[size].size : [size.width ?? sideDefault, size.height ?? sideDefault];
}

const klingFields = {
  prompt: klingPrompt,
  image_url: httpsUrl,
  duration: z.enum(['5', '10']).optional(),
  negative_prompt: klingText.optional(),
  cfg_scale: z.number().min(0).max(1).optional(),
};
const klingStandardInput = z.strictObject(klingFields);
const klingProInput = z.strictObject({ ...klingFields, tail_image_url: httpsUrl.optional() });
type KlingInput = z.infer<typeof klingProInput>;

const klingCommon = {
  provider: 'fal',
  type: 'video',
  complete: <T extends KlingInput>(input: T): T => ({ ...input, duration: input.duration ?? '5' }),
} as const;

/** https://fal.ai/models/fal-ai/kling-video/v2.1/standard/image-to-video/api */
export const falKlingStandard = defineModel({
  ...klingCommon,
  name: 'kling-v2.1-standard',
  title: 'Kling 2.1 standard (fal)',
  description: 'Image-to-video by Kuaishou in 720p, 5 or 10 seconds from a first frame and a prompt; made by fal.',
  input: klingStandardInput,
  measure: (input) => measureKling(input, '720p'),
  equals: klingEquals('standard', 'freepik/kling-v2-1-std'),
});

/** https://fal.ai/models/fal-ai/kling-video/v2.1/pro/image-to-video/api */
export const falKlingPro = defineModel({
  ...klingCommon,
  name: 'kling-v2.1-pro',
  title: 'Kling 2.1 pro (fal)',
  description: 'Image-to-video by Kuaishou in 1080p, 5 or 10 seconds from a first and a last frame; made by fal.',
  input: klingProInput,
  measure: (input) => measureKling(input, '1080p'),
  equals: klingEquals('pro', 'freepik/kling-v2-1-pro'),
});

function measureKling(input: KlingInput, format: '720p' | '1080p') {
  const seconds = klingSeconds(input);
  return { units: seconds, seconds, resolution: videoSides[format] };
}

function klingEquals(mode: KlingMode, freepikId: string) {
  const read = (input: KlingInput) => readKling(input, mode);
  return [
    { id: 'replicate/kling-v2.1', translate: translateBy(read, toReplicateKling) },
    { id: freepikId, translate: translateBy(read, (order) => toFreepikKling(order, mode)) },
  ];
}

function readKling(input: KlingInput, mode: KlingMode): KlingOrder {
  return {
    prompt: input.prompt,
    mode,
    startImage: input.image_url,
    endImage: input.tail_image_url,
    negativePrompt: input.negative_prompt,
    seconds: klingSeconds(input),
    cfgScale: input.cfg_scale,
  };
}

function klingSeconds({ duration }: KlingInput): 5 | 10 {
  return duration === '10' ? 10 : 5;
}
