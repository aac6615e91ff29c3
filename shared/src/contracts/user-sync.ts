import * as z from 'zod';
import { email, preferences, updateMeBody } from './accounts.ts';
import { id } from './wire.ts';

export const userSyncTypes = ['user.created', 'user.updated', 'user.deleted'] as const;
export type UserSyncType = (typeof userSyncTypes)[number];

/** How Clerk names people, unlike machines and other things that tokens may speak for. */
export const clerkSubject = /^user_[0-9A-Za-z_-]{1,100}$/;

const clockSkewMs = 5 * 60_000;
const credits = z.int().max(1_000_000_000);
const { full_name, avatar_url, phone } = updateMeBody.shape;

/** A time that has come: one that has not would outlast every later event. */
const pastTime = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((at) => at.getTime() >= 0 && at.getTime() <= Date.now() + clockSkewMs, 'must be between 1970 and now');

const person = z.strictObject({
  id: z
    .string()
    .refine((text) => id.safeParse(text).success || clerkSubject.test(text), 'must be a UUID, or user_… for Clerk'),
  email: email.optional(),
  full_name,
  avatar_url,
  phone,
  language: preferences.shape.language.optional(),
  credits: credits.min(0).optional(),
  credit_delta: credits.min(-1_000_000_000).optional(),
});

/** What one's own system sends to `POST /webhooks/users`. Fields left out stay as they are; null empties one. */
export const userSyncBody = z
  .strictObject({ type: z.enum(userSyncTypes), occurred_at: pastTime, user: person })
  .superRefine(({ type, user }, context) => {
    const complain = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: ['user', field], message });
    if (type === 'user.deleted') {
      for (const field of Object.keys(user).filter((name) => name !== 'id' && name !== 'email')) {
        complain(field, 'has no place in user.deleted');
      }
    } else if (user.email === undefined) complain('email', 'is required (string)');
    if (user.credits !== undefined && user.credit_delta !== undefined) {
      complain('credit_delta', 'must not be there together with credits');
    }
  });

export const userSyncResult = z
  .object({
    result: z.enum(['applied', 'replayed', 'stale', 'ignored']).meta({
      description:
        'replayed: this event has come before, and the rest is what was answered then. stale: newer ones have come, and ' +
        'only what they left open was taken. ignored: the person is gone, or the event is about something else.',
    }),
    user_id: id.nullable(),
    organization_id: id.nullable(),
    credits_applied: z.int().meta({ description: 'Granted, or, when negative, taken.' }),
    account: z
      .enum(['active', 'inactive', 'deleted'])
      .nullable()
      .meta({
        description:
          'What became of the account. inactive after user.deleted: the owner, or the last admin of others, is switched off ' +
          'instead of deleted.',
      }),
  })
  .meta({ id: 'UserSyncResult' });
export type UserSyncResult = z.infer<typeof userSyncResult>;
