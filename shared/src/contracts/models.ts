import * as z from 'zod';
import { jobTypes } from './jobs.ts';

export const modelStatus = z.enum(['active', 'deprecated', 'retired']);

export const model = z
  .object({
    id: z.string().meta({ example: 'replicate/flux-schnell' }),
    object: z.literal('model'),
    provider: z.string(),
    name: z.string(),
    aliases: z.array(z.string()),
    title: z.string(),
    description: z.string(),
    type: z.enum(jobTypes),
    status: modelStatus,
    successor: z.string().nullable(),
    price: z
      .object({
        credits: z.int(),
        own_key_credits: z
          .int()
          .meta({ description: 'Instead, for a job that runs on the organization’s own key for the provider.' }),
        cost_usd: z.string(),
        unit: z.string(),
        multipliers: z.record(z.string(), z.record(z.string(), z.number())),
      })
      .nullable(),
    input_schema: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Model' });

export const voice = z
  .object({
    id: z.string().meta({ description: 'What a speech model takes as `voice_id`.' }),
    object: z.literal('voice'),
    provider: z.string(),
    name: z.string(),
    category: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    languages: z.array(z.string()),
    preview_url: z.string().nullable(),
  })
  .meta({ id: 'Voice' });
