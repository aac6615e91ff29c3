import * as z from 'zod';

/** What a create call must answer to count as accepted. Fields that are not needed are ignored, here and below. */
export const createdSchema = z.object({ data: z.object({ task_id: z.string().min(1) }) });

export const taskSchema = z.object({
  data: z.object({
    // CANCELLED is not in the published list, but the vendor's own client knows it.
    status: z.enum(['CREATED', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELLED']),
    generated: z.array(z.url()).nullish(),
    has_nsfw: z.array(z.boolean()).nullish(),
  }),
});

export type Task = z.infer<typeof taskSchema>['data'];

export const errorBodySchema = z.union([
  z.object({ message: z.string() }),
  z.object({ problem: z.object({ message: z.string() }) }).transform(({ problem }) => problem),
]);
