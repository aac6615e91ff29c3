import * as z from 'zod';
import { jobTypes } from './jobs.ts';
import { id, pageQuery, timestamp } from './wire.ts';

export const generation = z
  .object({
    id,
    object: z.literal('generation'),
    job_id: id,
    type: z.enum(jobTypes),
    model: z.string(),
    prompt: z.string().nullable(),
    negative_prompt: z.string().nullable(),
    parameters: z.record(z.string(), z.unknown()),
    url: z.url(),
    thumbnail_url: z.url().nullable(),
    content_type: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    duration_seconds: z.number().nullable(),
    bytes: z.int(),
    credits: z.int(),
    cost_usd: z.string().nullable(),
    project_id: id.nullable(),
    folder: z.string().nullable(),
    tags: z.array(z.string()),
    is_favorite: z.boolean(),
    is_public: z.boolean(),
    created_at: timestamp,
  })
  .meta({ id: 'Generation' });
export type Generation = z.infer<typeof generation>;

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const listGenerationsQuery = pageQuery.extend({
  type: z.enum(jobTypes).optional(),
  model: z.string().max(200).optional(),
  project_id: id.optional(),
  folder: z.string().max(200).optional(),
  tag: z.string().max(50).optional(),
  favorite: flag.optional(),
  search: z.string().trim().min(2).max(200).optional().meta({ description: 'Words in the prompt.' }),
});

export const updateGenerationBody = z
  .strictObject({
    project_id: id.nullable().optional(),
    folder: z.string().trim().min(1).max(200).nullable().optional(),
    tags: z.array(z.string().trim().min(1).max(50)).max(20).optional(),
    is_favorite: z.boolean().optional(),
    is_public: z.boolean().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');
