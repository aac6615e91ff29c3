import * as z from 'zod';
import { given, type Translation } from './translate-order.ts';

/** Limits of the models themselves, which each of their providers has. */
export const klingText = z.string().trim().max(2_500);
export const klingPrompt = klingText.min(1);
export const hailuoPrompt = z.string().trim().min(1).max(2_000);

export type KlingMode = 'standard' | 'pro';
export type HailuoResolution = '768p' | '1080p';

/** Sides of the squares with as many pixels as 1280x720, 1920x1080 and, for Hailuo's 768p, 1366x768. */
export const videoSides = { '720p': 960, '768p': 1025, '1080p': 1440 } as const;

/** What was ordered of Kling 2.1, in nobody's terms. */
export interface KlingOrder {
  prompt: string;
  mode: KlingMode;
  startImage: string;
  endImage?: string | undefined;
  negativePrompt?: string | undefined;
  seconds: 5 | 10;
  cfgScale?: number | undefined;
}

/** What was ordered of MiniMax Hailuo, in nobody's terms. */
export interface HailuoOrder {
  prompt: string;
  resolution: HailuoResolution;
  firstFrame?: string | undefined;
  seconds: 6 | 10;
  isOptimized?: boolean | undefined;
}

/** As input of replicate/kling-v2.1; null when it cannot fill the order. */
export function toReplicateKling(order: KlingOrder): Translation {
  if (order.cfgScale !== undefined) return null;
  return given({
    prompt: order.prompt,
    mode: order.mode,
    start_image: order.startImage,
    end_image: order.endImage,
    negative_prompt: order.negativePrompt,
    duration: order.seconds,
  });
}

/** As input of fal/kling-v2.1-standard or -pro; null for an order of the other one. */
export function toFalKling(order: KlingOrder, mode: KlingMode): Translation {
  if (order.mode !== mode) return null;
  return given({
    prompt: order.prompt,
    image_url: order.startImage,
    tail_image_url: order.endImage,
    negative_prompt: order.negativePrompt,
    duration: String(order.seconds),
    cfg_scale: order.cfgScale,
  });
}

/** As input of freepik/kling-v2-1-std or -pro; null for an order of the other one. */
export function toFreepikKling(order: KlingOrder, mode: KlingMode): Translation {
  if (order.mode !== mode) return null;
  return given({
    prompt: order.prompt,
    image: order.startImage,
    image_tail: order.endImage,
    negative_prompt: order.negativePrompt,
    duration: String(order.seconds),
    cfg_scale: order.cfgScale,
  });
}

/** As input of replicate/hailuo-2.3. */
export function toReplicateHailuo(order: HailuoOrder): Translation {
  return given({
    prompt: order.prompt,
    first_frame_image: order.firstFrame,
    duration: order.seconds,
    resolution: order.resolution,
    prompt_optimizer: order.isOptimized,
  });
}

/** As input of freepik/minimax-hailuo-02-768p or -1080p; null for an order of the other one. */
export function toFreepikHailuo(order: HailuoOrder, resolution: HailuoResolution): Translation {
  if (order.resolution !== resolution) return null;
  return given({
    prompt: order.prompt,
    first_frame_image: order.firstFrame,
    duration: order.seconds,
    prompt_optimizer: order.isOptimized,
  });
}
