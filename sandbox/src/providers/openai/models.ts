import type { FieldRule, FieldRules } from '../../field-rules.ts';

export interface OpenaiModel {
  id: string;
  kind: 'image' | 'text' | 'speech';
  /** Unix seconds. */
  created: number;
  /** ISO date when the provider has announced one. */
  shutdownDate: string | null;
  /** An image model that takes any size within the documented limits, not only the standard ones. */
  isSizeFree: boolean;
}

/** The models on offer. Those that were shut down (dall-e-2, dall-e-3, gpt-image-1) are gone from here as well. */
export const openaiModels: readonly OpenaiModel[] = [
  imageModel('gpt-image-2', 1776729600),
  imageModel('gpt-image-2-2026-04-21', 1776729600),
  imageModel('gpt-image-2.5-flare', 1788220800),
  imageModel('gpt-image-2.5-sunburst', 1788220800),
  imageModel('gpt-image-2.6-sunburst', 1790812800),
  { ...imageModel('gpt-image-1.5', 1764201600), shutdownDate: '2026-12-01', isSizeFree: false },
  { ...imageModel('gpt-image-1-mini', 1758153600), shutdownDate: '2026-12-01', isSizeFree: false },
  { ...imageModel('chatgpt-image-latest', 1764201600), shutdownDate: '2026-12-01', isSizeFree: false },
  { id: 'gpt-6-luna', kind: 'text', created: 1788220800, shutdownDate: null, isSizeFree: false },
  { id: 'gpt-4.1-mini', kind: 'text', created: 1744317547, shutdownDate: '2027-01-14', isSizeFree: false },
  { id: 'gpt-4o-mini-tts', kind: 'speech', created: 1742403959, shutdownDate: null, isSizeFree: false },
  { id: 'tts-1', kind: 'speech', created: 1681940951, shutdownDate: null, isSizeFree: false },
  { id: 'tts-1-hd', kind: 'speech', created: 1699046015, shutdownDate: null, isSizeFree: false },
];

/** What a call means that names no model. */
export const defaultModel = 'dall-e-2';

/** GPT image models take neither `response_format` nor `style`: those belonged to DALL·E. */
export const generationRules: FieldRules = {
  prompt: { type: 'string', isRequired: true, min: 1, max: 32_000 },
  model: { type: 'string', isNullable: true },
  n: { type: 'integer', isNullable: true, min: 1, max: 10 },
  size: { type: 'string', isNullable: true },
  quality: choice('low', 'medium', 'high', 'auto'),
  background: choice('transparent', 'opaque', 'auto'),
  output_format: choice('png', 'jpeg', 'webp'),
  output_compression: { type: 'integer', isNullable: true, min: 0, max: 100 },
  moderation: choice('low', 'auto'),
  stream: { type: 'boolean', isNullable: true },
  partial_images: { type: 'integer', isNullable: true, min: 0, max: 3 },
  user: { type: 'string' },
};

export const standardSizes: readonly string[] = ['1024x1024', '1024x1536', '1536x1024', 'auto'];

/** The model of that id, if it is of that kind; any kind when none is named. */
export function findOpenaiModel(id: string, kind?: OpenaiModel['kind']): OpenaiModel | undefined {
  return openaiModels.find((model) => model.id === id && (kind === undefined || model.kind === kind));
}

/** Width and height of a size that the model takes, null for one that it does not. */
export function readSize(model: OpenaiModel, size: string): { width: number; height: number } | null {
  if (size === 'auto') return { width: 1024, height: 1024 };
  if (!model.isSizeFree && !standardSizes.includes(size)) return null;
  const [, widthText, heightText] = /^(\d{2,4})x(\d{2,4})$/.exec(size) ?? [];
  const [width, height] = [Number(widthText), Number(heightText)];
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const isWithin =
    width % 16 === 0 && height % 16 === 0 && short > 0 && long <= short * 3 && long <= 3840 && short <= 2160;
  return isWithin ? { width, height } : null;
}

const tokensAtOneMegapixel = { low: 272, medium: 1056, high: 4160 } as const;
export type Quality = keyof typeof tokensAtOneMegapixel;

/** Output tokens of one picture: the published figures for 1024x1024, scaled by area. */
export function outputTokens(quality: Quality, width: number, height: number): number {
  return Math.round((tokensAtOneMegapixel[quality] * width * height) / (1024 * 1024));
}

function imageModel(id: string, created: number): OpenaiModel {
  return { id, kind: 'image', created, shutdownDate: null, isSizeFree: true };
}

function choice(...values: string[]): FieldRule {
  return { type: 'string', isNullable: true, values };
}
