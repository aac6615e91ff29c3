import * as z from 'zod';

/** The part of a history item that is used. Fields that are not needed are ignored, here and below. */
export const historyItemSchema = z.object({
  history_item_id: z.string().min(1),
  voice_id: z.string().nullish(),
  model_id: z.string().nullish(),
  text: z.string().nullish(),
  date_unix: z.number(),
  character_count_change_from: z.number(),
  character_count_change_to: z.number(),
  state: z.enum(['created', 'deleted', 'processing']),
  output_format: z.string().nullish(),
});

export type HistoryItem = z.infer<typeof historyItemSchema>;

export const historySchema = z.object({
  history: z.array(historyItemSchema),
  has_more: z.boolean(),
  last_history_item_id: z.string().nullish(),
});

export const voicesSchema = z.object({
  voices: z.array(
    z.object({
      voice_id: z.string().min(1),
      name: z.string(),
      category: z.string().nullish(),
      labels: z.record(z.string(), z.string()).nullish().catch(undefined),
      preview_url: z.string().nullish(),
      verified_languages: z
        .array(z.object({ language: z.string() }))
        .nullish()
        .catch(undefined),
    }),
  ),
  has_more: z.boolean(),
  next_page_token: z.string().nullish(),
});

/** Most errors; a 422 has a list of fields instead. Newer answers have `code` beside `status`. */
export const errorBodySchema = z.object({
  detail: z.object({ status: z.string().nullish(), code: z.string().nullish(), message: z.string().nullish() }),
});
