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
        cost_usd: z.string(),
        unit: z.string(),
        multipliers: z.record(z.string(), z.record(z.string(), z.number())),
      })
      .nullable(),
    input_schema: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Model' });
