import { type FieldRule, type FieldRules, isJsonObject } from '../../field-rules.ts';
import type { OutputPlan } from '../../plan-task.ts';

/** One endpoint. Fields and prices are those of `https://fal.ai/models/<id>/llms.txt`. */
export interface FalModel {
  id: string;
  rules(body: Record<string, unknown>): FieldRules;
  /** What the model makes of a valid body. */
  measure(body: Record<string, unknown>): OutputPlan;
  /** In USD. */
  unitPrice: number;
  unit: string;
}

const imageSizes: Record<string, { width: number; height: number }> = {
  square_hd: { width: 1024, height: 1024 },
  square: { width: 512, height: 512 },
  portrait_4_3: { width: 768, height: 1024 },
  portrait_16_9: { width: 576, height: 1024 },
  landscape_4_3: { width: 1024, height: 768 },
  landscape_16_9: { width: 1024, height: 576 },
};
/** The provider's limit of 14142 is more than a laptop should draw. */
const side: FieldRule = { type: 'integer', min: 1, max: 4096 };
const sideDefault = 512;

const fluxRules = (body: Record<string, unknown>): FieldRules => ({
  prompt: { type: 'string', isRequired: true },
  image_size: isJsonObject(body.image_size)
    ? { type: 'object', fields: { width: side, height: side } }
    : { type: 'string', values: Object.keys(imageSizes) },
  seed: { type: 'integer', isNullable: true },
  num_images: { type: 'integer', min: 1, max: 4 },
  enable_safety_checker: { type: 'boolean' },
  output_format: { type: 'string', values: ['jpeg', 'png'] },
});

const fluxSchnell: FalModel = {
  id: 'fal-ai/flux/schnell',
  rules: (body) => ({
    ...fluxRules(body),
    num_inference_steps: { type: 'integer', min: 1, max: 12 },
    guidance_scale: { type: 'number', min: 1, max: 20 },
    acceleration: { type: 'string', values: ['none', 'regular', 'high'] },
  }),
  measure: measurePictures,
  unitPrice: 0.003,
  unit: 'megapixels',
};

const fluxPro: FalModel = {
  id: 'fal-ai/flux-pro/v1.1',
  rules: (body) => ({
    ...fluxRules(body),
    safety_tolerance: { type: 'string', values: ['1', '2', '3', '4', '5', '6'] },
    enhance_prompt: { type: 'boolean' },
  }),
  measure: measurePictures,
  unitPrice: 0.04,
  unit: 'megapixels',
};

const link: FieldRule = { type: 'string', pattern: /^(https?:\/\/|data:)/ };
const klingRules: FieldRules = {
  prompt: { type: 'string', isRequired: true, max: 2500 },
  image_url: { ...link, isRequired: true },
  duration: { type: 'string', values: ['5', '10'] },
  negative_prompt: { type: 'string', max: 2500 },
  cfg_scale: { type: 'number', min: 0, max: 1 },
};

const klingStandard: FalModel = {
  id: 'fal-ai/kling-video/v2.1/standard/image-to-video',
  rules: () => klingRules,
  measure: (body) => ({ width: 1280, height: 720, ...measureVideo(body) }),
  unitPrice: 0.056,
  unit: 'seconds',
};

const klingPro: FalModel = {
  id: 'fal-ai/kling-video/v2.1/pro/image-to-video',
  rules: () => ({ ...klingRules, tail_image_url: link }),
  measure: (body) => ({ width: 1920, height: 1080, ...measureVideo(body) }),
  unitPrice: 0.098,
  unit: 'seconds',
};

const models: readonly FalModel[] = [fluxSchnell, fluxPro, klingStandard, klingPro];

export function findFalModel(id: string): FalModel | undefined {
  return models.find((model) => model.id === id);
}

function measurePictures({ image_size: size, num_images: count, output_format: format }: Record<string, unknown>) {
  const shape = isJsonObject(size) ? { ...size } : imageSizes[String(size)];
  const sideOf = (length: unknown) => (typeof length === 'number' ? length : sideDefault);
  const { width, height } = shape ?? { width: 1024, height: 768 };
  return {
    width: sideOf(width),
    height: sideOf(height),
    count: typeof count === 'number' ? count : 1,
    format: format === 'png' ? 'png' : 'jpeg',
  } as const;
}

function measureVideo({ duration }: Record<string, unknown>) {
  return { count: 1, format: 'mp4', seconds: duration === '10' ? 10 : 5 } as const;
}
