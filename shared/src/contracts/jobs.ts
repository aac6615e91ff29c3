import * as z from 'zod';
import { transaction } from './credits.ts';
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
  webhook_url: z
    .url({ protocol: /^https?$/, error: 'must be a whole URL' })
    .max(2_000)
    .optional()
    .meta({
      description:
        'Is told when the job completes, fails or is canceled, signed with the secret of GET /organization/webhook-secret. ' +
        'The plan must include webhooks.',
    }),
  fallback: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Whether an equal model may make it when this one cannot be had: one that fills the same order and costs no more than ' +
        'was quoted. `served_by` tells who did.',
    }),
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

export const textOutput = z.object({
  text: z.string(),
  finish_reason: z
    .string()
    .meta({ description: 'Why the text ends: `stop`, `length` (the most it might write), `canceled`, `interrupted`.' }),
});

const jobError = z.object({ code: z.string(), message: z.string() });
const keySource = z.enum(['platform', 'organization']).meta({
  description: 'On whose key at the provider it runs: the platform’s, or the organization’s own.',
});
const tokens = z.object({ input: z.int(), output: z.int() }).nullable();
const usd = z.string();

export const job = z
  .object({
    id,
    object: z.literal('job'),
    status: jobStatus,
    type: z.enum(jobTypes),
    model: z.string().meta({ description: 'What was ordered.' }),
    served_by: z.string().nullable().meta({
      description: 'The model that made the result; another than `model` after a fallback. Null until completed.',
    }),
    key_source: keySource,
    retry_of: id.nullable().meta({ description: 'The job that this one tries again.' }),
    input: z.record(z.string(), z.unknown()),
    output: z
      .union([z.array(jobOutput), textOutput])
      .nullable()
      .meta({ description: 'Files, or the text of a text job.' }),
    error: jobError.nullable(),
    credits: z.object({
      held: z.int().meta({ description: 'Set aside now; 0 once the job has ended.' }),
      charged: z.int(),
    }),
    cost_usd: usd.nullable().meta({ description: 'What the provider took, as a decimal; null until known.' }),
    tokens: tokens.meta({ description: 'Read and written by a text model.' }),
    progress: z.int().min(0).max(100),
    attempts: z.int(),
    queue_position: z.int().optional().meta({ description: 'Place in the organization’s own line while pending.' }),
    project_id: id.nullable(),
    metadata: metadata,
    created_at: timestamp,
    queued_at: timestamp.nullable(),
    started_at: timestamp.nullable(),
    completed_at: timestamp.nullable(),
    deadline_at: timestamp.meta({ description: 'A job that has not ended by then fails, and costs nothing.' }),
    generation_ids: z.array(id),
    urls: z.object({ self: z.url(), cancel: z.url(), retry: z.url(), events: z.url(), receipt: z.url() }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof job>;

export const estimate = z
  .object({
    model: z.string(),
    credits: z.int(),
    cost_usd: usd,
    units: z.number(),
    unit: z.string(),
    tokens: tokens.meta({ description: 'What a text model reads, and writes at most; null for other models.' }),
    key_source: keySource,
    input: z.record(z.string(), z.unknown()).meta({ description: 'The input as it would run, open fields filled in.' }),
    available: z.int().meta({ description: 'Credits that may be spent now, before this job.' }),
    may_run: z.boolean(),
    reason: z.string().nullable().meta({ description: 'The error code that POST /jobs would answer, or null.' }),
  })
  .meta({ id: 'Estimate' });

const attemptStatuses = ['intent', 'submitted', 'unknown', 'succeeded', 'failed', 'abandoned'] as const;

export const jobReceipt = z
  .object({
    object: z.literal('job_receipt'),
    job_id: id,
    status: jobStatus,
    model: z.string(),
    served_by: z.string().nullable(),
    key_source: keySource,
    quote: z
      .object({
        credits: z.int().meta({ description: 'The most that the job can cost.' }),
        cost_usd: usd.meta({ description: 'What the provider was expected to take.' }),
        price: z.object({
          credits: z.int(),
          own_key_credits: z.int(),
          cost_usd: usd,
          unit: z.string(),
          multipliers: z.record(z.string(), z.record(z.string(), z.number())),
        }),
      })
      .meta({ description: 'At the price of the day of admission, which later changes do not touch.' }),
    hold: z.object({
      amount: z.int(),
      status: z.enum(['held', 'captured', 'released']),
      captured: z.int(),
      released: z.int(),
      created_at: timestamp,
      resolved_at: timestamp.nullable(),
    }),
    attempts: z
      .array(
        z.object({
          number: z.int(),
          provider: z.string(),
          model: z.string(),
          key_source: keySource,
          status: z.enum(attemptStatuses),
          provider_task_id: z.string().nullable(),
          cost_usd: usd.nullable(),
          error: jobError.nullable(),
          created_at: timestamp,
          submitted_at: timestamp.nullable(),
          ended_at: timestamp.nullable(),
        }),
      )
      .meta({ description: 'Each call to a provider, in order. At most one of them made the result.' }),
    settlement: z
      .object({
        credits: z.int(),
        cost_usd: usd.nullable(),
        units: z.int().meta({ description: 'Counted against the plan’s month: images, videos, or seconds of sound.' }),
        tokens,
      })
      .nullable()
      .meta({ description: 'Null unless the job completed: then nothing was charged.' }),
    transactions: z.array(transaction).meta({ description: 'The job’s entries in the ledger.' }),
  })
  .meta({ id: 'JobReceipt' });
export type JobReceipt = z.infer<typeof jobReceipt>;
