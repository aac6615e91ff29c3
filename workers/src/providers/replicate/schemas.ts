import * as z from 'zod';

/** What a create call must answer to count as accepted. Fields that are not needed are ignored, here and below. */
export const createdSchema = z.object({ id: z.string().min(1) });

export const predictionSchema = z.object({
  id: z.string().min(1),
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']),
  output: z.unknown(),
  error: z.unknown(),
  logs: z.string().nullish(),
  data_removed: z.boolean().nullish(),
});

export type Prediction = z.infer<typeof predictionSchema>;

/** Models answer one link or a list of links. */
export const outputSchema = z.union([z.url().transform((url) => [url]), z.array(z.url()).min(1)]);

export const predictionPageSchema = z.object({
  next: z.url().nullish(),
  results: z.array(
    z.object({
      id: z.string().min(1),
      model: z.string().nullish(),
      input: z.record(z.string(), z.unknown()).nullish(),
      created_at: z.coerce.date(),
    }),
  ),
});

export const errorBodySchema = z.object({ detail: z.string() });
