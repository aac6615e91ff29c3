import * as z from 'zod';
import type { JobType } from '../contracts/models/model-contract.ts';

/** One queue per kind of work, so that operators scale them apart. */
export const generationQueues: Record<JobType, string> = {
  image: 'image-generation',
  video: 'video-generation',
  audio: 'audio-generation',
  text: 'text-generation',
};

/** Deliveries of webhooks, which wait in Postgres; Redis only wakes those who take them. */
export const webhookQueue = 'webhook-delivery';

/** What travels through Redis: ids only. The row is the truth. */
export const generationPayload = z.strictObject({
  id: z.uuid(),
  /** The lease under which the job was parked; lets its next step resume it. */
  lease: z.uuid().optional(),
});
export type GenerationPayload = z.infer<typeof generationPayload>;

export const canaryPayload = z.strictObject({ canary: z.string() });
export type CanaryPayload = z.infer<typeof canaryPayload>;
