import * as z from 'zod';
import { timestamp } from './wire.ts';

const cents = z.int().min(1).max(100_000_000);

export const autoTopup = z
  .object({
    object: z.literal('auto_topup'),
    enabled: z.boolean(),
    threshold: z.int().meta({ description: 'The pack is bought when fewer credits than this can be spent.' }),
    pack: z.string(),
    daily_cap_cents: z.int().meta({ description: 'At most so much in 24 hours.' }),
    monthly_cap_cents: z.int().meta({ description: 'At most so much in 30 days.' }),
    failures: z.int().meta({ description: 'Declined in a row; the third ends it until it is set again.' }),
    paused_until: timestamp.nullable().meta({ description: 'After a decline the next try waits a day.' }),
    disabled_reason: z.enum(['declined']).nullable(),
    last: z
      .object({
        status: z.enum(['pending', 'succeeded', 'failed']),
        amount_cents: z.int(),
        error_code: z.string().nullable(),
        created_at: timestamp,
      })
      .nullable(),
  })
  .meta({ id: 'AutoTopup' });

export const putAutoTopupBody = z
  .strictObject({
    enabled: z.boolean().default(true),
    threshold: z.int().min(1).max(1_000_000_000),
    pack: z.string().min(1).max(50),
    daily_cap_cents: cents,
    monthly_cap_cents: cents,
  })
  .refine((body) => body.monthly_cap_cents >= body.daily_cap_cents, {
    path: ['monthly_cap_cents'],
    message: 'must be at least daily_cap_cents',
  });
