import * as z from 'zod';

/** What a submit must answer to count as accepted. Fields that are not needed are ignored, here and below. */
export const createdSchema = z.object({ request_id: z.string().min(1) });

export const statusSchema = z.object({ status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']) });

const file = z.object({ url: z.url() });

/** Pictures, of which those with a flag were painted over by the safety check, or one video. */
export const resultSchema = z.union([
  z
    .object({ images: z.array(file).min(1), has_nsfw_concepts: z.array(z.boolean()).nullish() })
    .transform(({ images, has_nsfw_concepts: flags }) => ({
      urls: images.filter((_, index) => flags?.[index] !== true).map(({ url }) => url),
    })),
  z.object({ video: file }).transform(({ video }) => ({ urls: [video.url] })),
]);

/** A list is the model's verdict, a text with a type the platform's. https://fal.ai/docs/documentation/model-apis/errors */
export const errorBodySchema = z.object({
  detail: z.union([z.string(), z.array(z.object({ type: z.string() }))]),
  error_type: z.string().nullish(),
});
