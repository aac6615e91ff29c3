import type { FieldRule, FieldRules } from '../../field-rules.ts';
import { type FreepikModel, webhookUrl } from './model.ts';
import type { InvalidParam } from './replies.ts';

/** A link or bytes in base64. */
const picture: FieldRule = { type: 'string', pattern: /^(https?:\/\/\S+|[A-Za-z0-9+/]+={0,2})$/ };
const text: FieldRule = { type: 'string', max: 2500 };
const point: FieldRule = {
  type: 'object',
  fields: { x: { type: 'integer', isRequired: true }, y: { type: 'integer', isRequired: true } },
};
const klingRules: FieldRules = {
  webhook_url: webhookUrl,
  image: picture,
  prompt: text,
  negative_prompt: text,
  duration: { type: 'string', isRequired: true, values: ['5', '10'] },
  cfg_scale: { type: 'number', min: 0, max: 1 },
  static_mask: picture,
  dynamic_masks: {
    type: 'array',
    item: {
      type: 'object',
      fields: {
        mask: { ...picture, isRequired: true },
        trajectories: { type: 'array', isRequired: true, item: point },
      },
    },
  },
};

export const klingPro: FreepikModel = {
  ...kling('kling-v2-1-pro', { width: 1920, height: 1080 }),
  rules: { ...klingRules, image_tail: picture },
};
export const klingStd: FreepikModel = kling('kling-v2-1-std', { width: 1280, height: 720 });
export const hailuo768: FreepikModel = hailuo('minimax-hailuo-02-768p', { width: 1366, height: 768 }, [6, 10]);
export const hailuo1080: FreepikModel = hailuo('minimax-hailuo-02-1080p', { width: 1920, height: 1080 }, [6]);

/** Both kinds of Kling 2.1 are asked about at one path, which is none of those that create. */
function kling(name: string, size: { width: number; height: number }): FreepikModel {
  return {
    ...video(name),
    statusPath: '/v1/ai/image-to-video/kling-v2-1',
    rules: klingRules,
    check: ({ image, prompt }) => (image === undefined && prompt === undefined ? [required('prompt')] : []),
    measure: ({ duration }) => ({ ...size, count: 1, format: 'mp4', seconds: duration === '10' ? 10 : 5 }),
  };
}

function hailuo(name: string, size: { width: number; height: number }, durations: readonly number[]): FreepikModel {
  return {
    ...video(name),
    rules: {
      webhook_url: webhookUrl,
      prompt: { type: 'string', isRequired: true, max: 2000 },
      prompt_optimizer: { type: 'boolean' },
      first_frame_image: picture,
      last_frame_image: picture,
      duration: { type: 'integer' },
    },
    check: ({ first_frame_image: first, last_frame_image: last, duration = 6 }) => [
      ...(last !== undefined && first === undefined ? [required('first_frame_image')] : []),
      ...(typeof duration === 'number' && !durations.includes(duration)
        ? [{ name: 'duration', reason: `Parameter 'duration' must be one of: ${durations.join(', ')}` }]
        : []),
    ],
    measure: ({ duration }) => ({ ...size, count: 1, format: 'mp4', seconds: duration === 10 ? 10 : 6 }),
  };
}

function video(name: string) {
  const path = `/v1/ai/image-to-video/${name}`;
  return { name, path, statusPath: path, tool: 'image-to-video', isListedAtOnce: false, hasNsfwFlags: false } as const;
}

function required(name: string): InvalidParam {
  return { name, reason: `Parameter '${name}' is required` };
}
