import type { FieldRule } from '../../field-rules.ts';
import { bytes, type FreepikModel, webhookUrl } from './model.ts';

/** Width to height. */
const ratios: Record<string, readonly [number, number]> = {
  square_1_1: [1, 1],
  classic_4_3: [4, 3],
  traditional_3_4: [3, 4],
  widescreen_16_9: [16, 9],
  social_story_9_16: [9, 16],
  smartphone_horizontal_20_9: [20, 9],
  smartphone_vertical_9_20: [9, 20],
  standard_3_2: [3, 2],
  portrait_2_3: [2, 3],
  horizontal_2_1: [2, 1],
  vertical_1_2: [1, 2],
  social_5_4: [5, 4],
  social_post_4_5: [4, 5],
  // The vendor's own list for Mystic carries this stray apostrophe.
  "social_post_4_5'": [4, 5],
};
const fluxRatios = [
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
];
/** Mystic's `fluid` knows fewer shapes than the others. */
const fluidRatios: readonly string[] = [
  'square_1_1',
  'social_story_9_16',
  'widescreen_16_9',
  'traditional_3_4',
  'classic_4_3',
];
const mysticSides: Record<string, number> = { '1k': 1024, '2k': 2048, '4k': 4096 };

const percent = { type: 'integer', min: 0, max: 100 } as const;
const engine: FieldRule = {
  type: 'string',
  values: ['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle'],
};
const strength = { type: 'number', min: 0, max: 200 } as const;
const prompt = { type: 'string', isNullable: true } as const;
const colors: FieldRule = {
  type: 'array',
  min: 1,
  max: 5,
  item: {
    type: 'object',
    fields: {
      color: { type: 'string', isRequired: true, pattern: /^#[0-9A-F]{6}$/ },
      weight: { type: 'number', isRequired: true, min: 0.05, max: 1 },
    },
  },
};

export const mystic: FreepikModel = {
  name: 'mystic',
  path: '/v1/ai/mystic',
  statusPath: '/v1/ai/mystic',
  tool: 'text-to-image',
  isListedAtOnce: true,
  hasNsfwFlags: true,
  rules: {
    prompt,
    webhook_url: webhookUrl,
    structure_reference: bytes,
    structure_strength: percent,
    style_reference: bytes,
    adherence: percent,
    hdr: percent,
    resolution: { type: 'string', values: Object.keys(mysticSides) },
    aspect_ratio: { type: 'string', values: Object.keys(ratios).filter((name) => name !== 'social_post_4_5') },
    model: { type: 'string', values: ['realism', 'fluid', 'zen', 'flexible', 'super_real', 'editorial_portraits'] },
    creative_detailing: percent,
    engine,
    fixed_generation: { type: 'boolean' },
    filter_nsfw: { type: 'boolean' },
    styling: {
      type: 'object',
      fields: {
        styles: {
          type: 'array',
          max: 1,
          item: { type: 'object', fields: { name: { type: 'string', isRequired: true }, strength } },
        },
        characters: {
          type: 'array',
          max: 1,
          item: { type: 'object', fields: { id: { type: 'string' }, strength: { ...strength, isRequired: true } } },
        },
        colors,
      },
    },
  },
  check: ({ model, aspect_ratio: ratio = 'square_1_1' }) =>
    model === 'fluid' && !fluidRatios.includes(String(ratio))
      ? [{ name: 'aspect_ratio', reason: `Model fluid supports only: ${fluidRatios.join(', ')}` }]
      : [],
  measure: (body) => ({
    ...sizeOf(body.aspect_ratio, mysticSides[String(body.resolution)] ?? 2048),
    count: 1,
    format: 'jpeg',
  }),
};

export const fluxDev: FreepikModel = {
  name: 'flux-dev',
  path: '/v1/ai/text-to-image/flux-dev',
  statusPath: '/v1/ai/text-to-image/flux-dev',
  tool: 'text-to-image',
  isListedAtOnce: false,
  hasNsfwFlags: false,
  rules: {
    prompt,
    webhook_url: webhookUrl,
    aspect_ratio: { type: 'string', values: fluxRatios },
    styling: {
      type: 'object',
      fields: {
        effects: {
          type: 'object',
          fields: {
            color: { type: 'string', values: ['softhue', 'b&w', 'goldglow', 'vibrant', 'coldneon'] },
            framing: { type: 'string', values: ['portrait', 'lowangle', 'midshot', 'wideshot', 'tiltshot', 'aerial'] },
            lightning: {
              type: 'string',
              values: ['iridescent', 'dramatic', 'goldenhour', 'longexposure', 'indorlight', 'flash', 'neon'],
            },
          },
        },
        colors,
      },
    },
    seed: { type: 'integer', min: 1, max: 4_294_967_295 },
  },
  measure: (body) => ({ ...sizeOf(body.aspect_ratio, 1024), count: 1, format: 'jpeg' }),
};

export const fluxPro: FreepikModel = {
  name: 'flux-pro-v1-1',
  path: '/v1/ai/text-to-image/flux-pro-v1-1',
  statusPath: '/v1/ai/text-to-image/flux-pro-v1-1',
  tool: 'text-to-image',
  isListedAtOnce: false,
  hasNsfwFlags: false,
  rules: {
    prompt: { type: 'string', isRequired: true },
    prompt_upsampling: { type: 'boolean' },
    seed: { type: 'integer', isNullable: true },
    aspect_ratio: { type: 'string', values: fluxRatios },
    safety_tolerance: { type: 'integer', min: 0, max: 6 },
    output_format: { type: 'string', isNullable: true, values: ['jpeg', 'png'] },
    webhook_url: webhookUrl,
  },
  measure: (body) => ({
    ...sizeOf(body.aspect_ratio, 1024),
    count: 1,
    format: body.output_format === 'png' ? 'png' : 'jpeg',
  }),
};

export const flux2Turbo: FreepikModel = {
  name: 'flux-2-turbo',
  path: '/v1/ai/text-to-image/flux-2-turbo',
  statusPath: '/v1/ai/text-to-image/flux-2-turbo',
  tool: 'text-to-image',
  isListedAtOnce: false,
  hasNsfwFlags: false,
  rules: {
    prompt: { type: 'string', isRequired: true },
    guidance_scale: { type: 'number', min: 1, max: 20 },
    seed: { type: 'integer', isNullable: true, min: 0, max: 4_294_967_295 },
    image_size: {
      type: 'object',
      isNullable: true,
      fields: {
        width: { type: 'integer', min: 512, max: 2048 },
        height: { type: 'integer', min: 512, max: 2048 },
      },
    },
    enable_safety_checker: { type: 'boolean' },
    output_format: { type: 'string', values: ['jpeg', 'png'] },
    webhook_url: webhookUrl,
  },
  measure: ({ image_size: size, output_format: format }) => ({
    width: sideOf(size, 'width'),
    height: sideOf(size, 'height'),
    count: 1,
    format: format === 'jpeg' ? 'jpeg' : 'png',
  }),
};

const upscaled: Record<string, number> = { '2x': 512, '4x': 1024, '8x': 2048, '16x': 4096 };
const shade = { type: 'integer', min: -10, max: 10 } as const;

/** Does not look at the picture that it is given, but takes it for one of 256×256. */
export const upscaler: FreepikModel = {
  name: 'image-upscaler',
  path: '/v1/ai/image-upscaler',
  statusPath: '/v1/ai/image-upscaler',
  tool: 'image-upscaler',
  isListedAtOnce: true,
  hasNsfwFlags: false,
  rules: {
    image: { ...bytes, isRequired: true, min: 1 },
    webhook_url: webhookUrl,
    scale_factor: { type: 'string', values: Object.keys(upscaled) },
    optimized_for: {
      type: 'string',
      values: [
        'standard',
        'soft_portraits',
        'hard_portraits',
        'art_n_illustration',
        'videogame_assets',
        'nature_n_landscapes',
        'films_n_photography',
        '3d_renders',
        'science_fiction_n_horror',
      ],
    },
    prompt: { type: 'string' },
    creativity: shade,
    hdr: shade,
    resemblance: shade,
    fractality: shade,
    engine,
    filter_nsfw: { type: 'boolean' },
  },
  measure: (body) => {
    const side = upscaled[String(body.scale_factor)] ?? 512;
    return { width: side, height: side, count: 1, format: 'jpeg' };
  },
};

/** A size of that ratio with about `side` × `side` pixels, in multiples of 16. */
function sizeOf(aspectRatio: unknown, side: number): { width: number; height: number } {
  const [across, down] = ratios[String(aspectRatio)] ?? [1, 1];
  const scale = side / Math.sqrt(across * down);
  return { width: Math.round((across * scale) / 16) * 16, height: Math.round((down * scale) / 16) * 16 };
}

function sideOf(size: unknown, name: 'width' | 'height'): number {
  if (typeof size !== 'object' || size === null) return 1024;
  const side: unknown = Reflect.get(size, name);
  return typeof side === 'number' ? side : 1024;
}
