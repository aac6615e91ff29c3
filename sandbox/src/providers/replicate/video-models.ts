import { fileUri, type ReplicateModel } from './model.ts';
import type { InvalidField } from './replies.ts';

const hd = { width: 1280, height: 720 };
const fullHd = { width: 1920, height: 1080 };
const hailuo768 = { width: 1366, height: 768 };

/** https://replicate.com/kwaivgi/kling-v2.1/api */
export const kling: ReplicateModel = {
  name: 'kwaivgi/kling-v2.1',
  versions: [],
  isOutputList: false,
  rules: {
    prompt: { type: 'string', isRequired: true },
    start_image: { ...fileUri, isRequired: true },
    end_image: fileUri,
    mode: { type: 'string', values: ['standard', 'pro'] },
    duration: { type: 'integer' },
    negative_prompt: { type: 'string' },
  },
  check: (input) => [
    ...checkDuration(input, [5, 10]),
    ...(input.end_image !== undefined && input.mode !== 'pro'
      ? [invalid('end_image', 'pro mode is required when end_image is set')]
      : []),
  ],
  measure: (input) => ({
    ...(input.mode === 'pro' ? fullHd : hd),
    count: 1,
    format: 'mp4',
    seconds: input.duration === 10 ? 10 : 5,
  }),
};

/** https://replicate.com/minimax/hailuo-2.3/api */
export const hailuo: ReplicateModel = {
  name: 'minimax/hailuo-2.3',
  versions: [],
  isOutputList: false,
  rules: {
    prompt: { type: 'string', isRequired: true },
    first_frame_image: fileUri,
    duration: { type: 'integer' },
    resolution: { type: 'string', values: ['768p', '1080p'] },
    prompt_optimizer: { type: 'boolean' },
  },
  check: (input) => [
    ...checkDuration(input, [6, 10]),
    ...(input.duration === 10 && input.resolution === '1080p'
      ? [invalid('duration', '1080p supports only a duration of 6 seconds')]
      : []),
  ],
  measure: (input) => ({
    ...(input.resolution === '1080p' ? fullHd : hailuo768),
    count: 1,
    format: 'mp4',
    seconds: input.duration === 10 ? 10 : 6,
  }),
};

function checkDuration({ duration }: Record<string, unknown>, seconds: readonly number[]): InvalidField[] {
  if (typeof duration !== 'number' || seconds.includes(duration)) return [];
  return [invalid('duration', `duration must be one of the following: ${seconds.join(', ')}`)];
}

function invalid(name: string, description: string): InvalidField {
  return { type: 'enum', field: `input.${name}`, description };
}
