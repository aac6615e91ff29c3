import * as z from 'zod';
import { id, timestamp } from './wire.ts';

export const transactionTypes = [
  'purchase',
  'usage',
  'refund',
  'bonus',
  'subscription',
  'adjustment',
  'expiration',
] as const;

export const credits = z
  .object({
    available: z.int().meta({ description: 'What can be spent now: balance − held.' }),
    held: z.int().meta({ description: 'Set aside for jobs that have not ended; not charged.' }),
    balance: z.int().meta({ description: 'The sum of all transactions.' }),
    owed: z.int().meta({
      description:
        'Credits of payments that were refunded or disputed after they were spent. While there are any, no job is admitted; credits that come in pay them first.',
    }),
    lifetime_purchased: z.int(),
    lifetime_used: z.int(),
    lifetime_bonus: z.int(),
    period: z.object({
      start: timestamp,
      end: timestamp,
      credits_used: z.int(),
      images: z.int(),
      videos: z.int(),
      audio_seconds: z.int(),
    }),
    grants: z
      .array(z.object({ source: z.string(), remaining: z.int(), expires_at: timestamp.nullable() }))
      .meta({ description: 'What may be spent until when, in the order it is spent.' }),
  })
  .meta({ id: 'Credits' });

export const myCredits = z.object({ current: z.int(), maximum: z.int(), plan: z.string() }).meta({ id: 'MyCredits' });

export const transaction = z
  .object({
    id,
    object: z.literal('credit_transaction'),
    type: z.enum(transactionTypes),
    amount: z.int(),
    balance_after: z.int(),
    reference_type: z.string(),
    reference_id: z.string(),
    user_id: id.nullable(),
    description: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: timestamp,
  })
  .meta({ id: 'CreditTransaction' });

export const hold = z
  .object({
    id,
    object: z.literal('credit_hold'),
    job_id: id,
    amount: z.int(),
    status: z.enum(['held', 'captured', 'released']),
    captured_amount: z.int(),
    created_at: timestamp,
    resolved_at: timestamp.nullable(),
  })
  .meta({ id: 'CreditHold' });
