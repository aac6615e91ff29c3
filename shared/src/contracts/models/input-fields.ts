import * as z from 'zod';

/** Fields that several models share. */
export const prompt = z.string().trim().min(1).max(10_000);
export const seed = z.int().min(0).max(4_294_967_295);
/** The provider fetches it. */
export const httpsUrl = z.url({ protocol: /^https$/ });
