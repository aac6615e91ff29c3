import * as z from 'zod';

const tokens = z.int().min(0);

/** The part of the answer to images.generate that is used. */
export const imagesSchema = z.object({
  data: z.array(z.object({ b64_json: z.string().min(1) })).min(1),
  usage: z
    .object({
      input_tokens: tokens,
      input_tokens_details: z.object({ text_tokens: tokens, image_tokens: tokens }).nullish(),
      output_tokens: tokens,
      output_tokens_details: z.object({ text_tokens: tokens, image_tokens: tokens }).nullish(),
    })
    .nullish()
    .catch(undefined), // An unreadable bill must not cost the customer a paid picture.
});

export type ImagesUsage = NonNullable<z.infer<typeof imagesSchema>['usage']>;

export const errorBodySchema = z.object({
  error: z.object({
    message: z.string().nullish(),
    type: z.string().nullish(),
    param: z.string().nullish(),
    code: z.string().nullish(),
  }),
});
