import * as z from 'zod';
import { id, metadata, timestamp } from './wire.ts';

export const jobStatuses = ['pending', 'queued', 'processing', 'completed', 'failed', 'canceled'] as const;
export const jobStatus = z.enum(jobStatuses);
export type JobStatus = (typeof jobStatuses)[number];

/** True when nothing will happen to the job any more. */
export function isFinal(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'canceled';
}

export const jobTypes = ['image', 'video', 'audio', 'text'] as const;

export const createJobBody = z.strictObject({
  model: z
    .string()
    .min(3)
    .max(200)
    .meta({ description: '`provider/model` as listed by GET /models', example: 'replicate/flux-schnell' }),
  input: z.record(z.string(), z.unknown()).meta({
    description: 'The model’s own input, see its JSON Schema in GET /models',
    example: { prompt: 'a red kite' },
  }),
  project_id: id.optional(),
  metadata: metadata.optional(),
});
export type CreateJobBody = z.infer<typeof createJobBody>;

export const jobOutput = z.object({
  url: z
    .url()
    .meta({ description: 'Opens the file without further headers for one hour; ask for the job again later.' }),
  thumbnail_url: z.url().nullable(),
  content_type: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  duration_seconds: z.number().optional(),
  bytes: z.int(),
});

export const job = z
  .object({
    id,
    object: z.literal('job'),
    status: jobStatus,
    type: z.enum(jobTypes),
    model: z.string(),
    input: z.record(z.string(), z.unknown()),
    output: z.array(jobOutput).nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    credits: z.object({
      held: z.int().meta({ description: 'Set aside now; 0 once the job has ended.' }),
      charged: z.int(),
    }),
    cost_usd: z.string().nullable().meta({ description: 'What the provider took, as a decimal; null until known.' }),
    progress: z.int().min(0).max(100),
    attempts: z.int(),
    queue_position: z.int().optional().meta({ description: 'Place in the organization’s own line while pending.' }),
    project_id: id.nullable(),
    metadata: metadata,
    created_at: timestamp,
    queued_at: timestamp.nullable(),
    started_at: timestamp.nullable(),
    completed_at: timestamp.nullable(),
    generation_ids: z.array(id),
    urls: z.object({ self: z.url(), cancel: z.url(), events: z.url() }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof job>;

export const estimate = z
  .object({
    model: z.string(),
    credits: z.int(),
    cost_usd: z.string(),
    units: z.number(),
    unit: z.string(),
    input: z.record(z.string(), z.unknown()).meta({ description: 'The input as it would run, open fields filled in.' }),
    available: z.int(),
    may_run: z.boolean(),
    reason: z.string().nullable().meta({ description: 'The error code that POST /jobs would answer, or null.' }),
  })
  .meta({ id: 'Estimate' });
