import { given, type Translation } from './translate-order.ts';

/** Width and height in pixels. */
export type Size = readonly [width: number, height: number];

/** What was ordered of a FLUX model, in nobody's terms: what one provider's input is read into and another's written from. */
export interface FluxOrder {
  prompt: string;
  /** The shape, where about one megapixel of it is what was ordered. */
  ratio?: Ratio | undefined;
  size: Size;
  count: number;
  seed?: number | undefined;
  /** Undefined when any will do; so with all that follows. */
  format?: 'webp' | 'jpg' | 'png' | undefined;
  /** Of a format that loses something. */
  quality?: number | undefined;
  steps?: number | undefined;
  /** From 0, the strictest, to 6. */
  safetyTolerance?: number | undefined;
  isUpsampled?: boolean | undefined;
}

type Ratio = (typeof proRatios)[number];
type FluxRatio = (typeof fluxRatios)[number];

export const fluxRatios = ['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21'] as const;
const proRatios = [...fluxRatios, '2:1', '1:2'] as const;

/** What Replicate makes of a ratio at one megapixel; a quarter has half the sides. https://github.com/replicate/cog-flux */
export const schnellSizes: Readonly<Record<FluxRatio, Size>> = {
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

/** The same for FLUX 1.1 pro, whose sides are 1440 pixels at most. */
export const proSizes: Readonly<Record<Ratio, Size>> = {
  ...schnellSizes,
  '21:9': [1440, 608],
  '9:21': [608, 1440],
  '2:1': [1408, 704],
  '1:2': [704, 1408],
};

/** The shapes of Freepik's FLUX 1.1 pro. */
export const freepikRatios = {
  square_1_1: '1:1',
  classic_4_3: '4:3',
  traditional_3_4: '3:4',
  widescreen_16_9: '16:9',
  social_story_9_16: '9:16',
  standard_3_2: '3:2',
  portrait_2_3: '2:3',
  horizontal_2_1: '2:1',
  vertical_1_2: '1:2',
  social_post_4_5: '4:5',
} as const satisfies Record<string, Ratio>;

export function halved([width, height]: Size): Size {
  return [width / 2, height / 2];
}

/** As input of replicate/flux-schnell; null when it cannot fill the order. */
export function toReplicateSchnell(order: FluxOrder): Translation {
  const shape = schnellShape(order);
  if (!shape) return null;
  return given({
    prompt: order.prompt,
    ...shape,
    num_outputs: order.count,
    // More steps than this model makes are a hint that it cannot take.
    num_inference_steps: order.steps !== undefined && order.steps <= 4 ? order.steps : undefined,
    seed: order.seed,
    output_format: order.format,
    output_quality: order.quality,
  });
}

/** As input of fal/flux-schnell; null when it cannot fill the order. */
export function toFalSchnell(order: FluxOrder): Translation {
  if (!isPlainFile(order)) return null;
  return given({ ...falFields(order), num_inference_steps: order.steps });
}

/** As input of replicate/flux-1.1-pro; null when it cannot fill the order. */
export function toReplicatePro(order: FluxOrder): Translation {
  const shape = proShape(order);
  if (!shape || order.count !== 1 || order.safetyTolerance === 0) return null;
  return given({
    prompt: order.prompt,
    ...shape,
    seed: order.seed,
    output_format: order.format,
    output_quality: order.quality,
    safety_tolerance: order.safetyTolerance,
    prompt_upsampling: order.isUpsampled,
  });
}

/** As input of fal/flux-1.1-pro; null when it cannot fill the order. */
export function toFalPro(order: FluxOrder): Translation {
  if (!isPlainFile(order) || order.safetyTolerance === 0) return null;
  return given({
    ...falFields(order),
    safety_tolerance: order.safetyTolerance?.toString(),
    enhance_prompt: order.isUpsampled,
  });
}

/** As input of freepik/flux-pro-v1-1; null when it cannot fill the order. */
export function toFreepikPro(order: FluxOrder): Translation {
  const shape = order.ratio ?? ratioOf(order.size);
  const [ratio] = Object.entries(freepikRatios).find((entry) => entry[1] === shape) ?? [];
  if (!ratio || order.count !== 1 || !isPlainFile(order)) return null;
  return given({
    prompt: order.prompt,
    aspect_ratio: ratio,
    seed: order.seed,
    output_format: jpegOrPng(order.format),
    safety_tolerance: order.safetyTolerance,
    prompt_upsampling: order.isUpsampled,
  });
}

function falFields({ prompt, size: [width, height], count, seed, format }: FluxOrder) {
  return { prompt, image_size: { width, height }, num_images: count, seed, output_format: jpegOrPng(format) };
}

/** fal and Freepik make JPEG or PNG, of a quality of their own. */
function isPlainFile({ format, quality }: FluxOrder): boolean {
  return format !== 'webp' && quality === undefined;
}

function jpegOrPng(format: FluxOrder['format']): string | undefined {
  return format === 'jpg' ? 'jpeg' : format;
}

/** By the very size, else by the shape at one megapixel. */
function schnellShape({ size, ratio }: FluxOrder) {
  for (const candidate of fluxRatios) {
    if (isSame(schnellSizes[candidate], size)) return { aspect_ratio: candidate, megapixels: '1' };
    if (isSame(halved(schnellSizes[candidate]), size)) return { aspect_ratio: candidate, megapixels: '0.25' };
  }
  const known = fluxRatios.find((candidate) => candidate === ratio);
  return known ? { aspect_ratio: known, megapixels: '1' } : null;
}

/** By the ratio that makes the very size, else by the size where it is allowed, else by the shape. */
function proShape({ size, ratio }: FluxOrder) {
  const [width, height] = size;
  const exact = fluxRatios.find((candidate) => candidate === ratioOf(size));
  if (exact) return { aspect_ratio: exact };
  const isAllowed = (side: number) => side >= 256 && side <= 1440 && side % 32 === 0;
  if (isAllowed(width) && isAllowed(height)) return { aspect_ratio: 'custom', width, height };
  const known = fluxRatios.find((candidate) => candidate === ratio);
  return known ? { aspect_ratio: known } : null;
}

function ratioOf(size: Size): Ratio | undefined {
  return proRatios.find((ratio) => isSame(proSizes[ratio], size));
}

function isSame([width, height]: Size, [otherWidth, otherHeight]: Size): boolean {
  return width === otherWidth && height === otherHeight;
}
