import * as z from 'zod';

/** Building blocks of everything that goes over the wire: snake_case JSON, times in ISO 8601 UTC. */
export const id = z.uuid();
export const timestamp = z.iso.datetime();
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(1000))
  .refine((value) => Object.keys(value).length <= 50, 'takes at most 50 keys');

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional(),
});

/** A page of a list, newest first. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullable() });
}

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; further members carry the figures of the case.' });
