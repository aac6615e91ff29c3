import { email, updateMeBody } from '@base/shared/contracts/accounts';
import { clerkSubject, type UserSyncType, userSyncTypes } from '@base/shared/contracts/user-sync';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import * as z from 'zod';
import { checkText } from '../../http/check-text.ts';
import { invalidRequest, toProblems } from '../../http/parse-input.ts';
import type { Envelope } from '../../http/read-envelope.ts';
import type { SyncEvent } from './sync-event.ts';

/** Milliseconds, until the year 2100. */
const time = z.int().min(0).max(4_102_444_800_000);
const text = z.string().nullish().catch(undefined);

const typeSchema = z.object({ type: z.string() });
/** Of https://clerk.com/docs/reference/backend/types/backend-user, in the form that webhooks have. */
const messageSchema = z.object({
  timestamp: time.optional().catch(undefined),
  data: z.object({
    id: z.string().regex(clerkSubject, 'must be the id of a person'),
    updated_at: time.optional(),
    first_name: text,
    last_name: text,
    image_url: text,
    primary_email_address_id: text,
    email_addresses: z
      .array(
        z.object({
          id: z.string(),
          email_address: z.string(),
          verification: z.object({ status: z.string() }).nullish().catch(undefined),
        }),
      )
      .catch([]),
    primary_phone_number_id: text,
    phone_numbers: z.array(z.object({ id: z.string(), phone_number: z.string() })).catch([]),
  }),
});
type ClerkUser = z.infer<typeof messageSchema>['data'];

/**
 * Reads what Clerk says of a person; null for what is about something else.
 * @throws ApiError invalid_request
 */
export function readClerkEvent(json: unknown, issuer: string, envelope: Envelope): SyncEvent | null {
  const type = userSyncTypes.find((known) => known === typeSchema.safeParse(json).data?.type);
  if (type === undefined) return null;
  const parsed = messageSchema.safeParse(json);
  if (!parsed.success) throw invalidRequest(toProblems(parsed.error));
  const { data } = parsed.data;
  return {
    source: 'clerk',
    eventId: envelope.id,
    type,
    occurredAt: new Date(occurredAt(type, parsed.data) ?? Number(envelope.timestamp) * 1000),
    userId: clerkUserId(issuer, data.id),
    profile: profileOf(data),
    credits: null,
    creditDelta: null,
  };
}

/** A deleted person has no version any more. */
function occurredAt(type: UserSyncType, { timestamp, data }: z.infer<typeof messageSchema>): number | undefined {
  return type === 'user.deleted' ? timestamp : (data.updated_at ?? timestamp);
}

/**
 * What does not fit us is left out, never refused: people write some of it themselves, and could keep us from hearing of
 * them at all. Other than the e-mail, nothing is emptied: who has no name at Clerk may have given us one.
 */
function profileOf(user: ClerkUser): SyncEvent['profile'] {
  const name = [user.first_name, user.last_name].filter(Boolean).join(' ').trim().slice(0, 100);
  const { full_name, avatar_url, phone } = updateMeBody.shape;
  const number = user.phone_numbers.find(({ id }) => id === user.primary_phone_number_id)?.phone_number;
  return {
    email: emailOf(user),
    full_name: fit(full_name, name),
    avatar_url: fit(avatar_url, user.image_url),
    phone: fit(phone, number),
  };
}

/** Empty without one, and while nobody has proved that it is theirs: invitations are for an address. */
function emailOf(user: ClerkUser): string {
  const primary = user.email_addresses.find(({ id }) => id === user.primary_email_address_id);
  if (primary === undefined || primary.verification?.status === 'unverified') return '';
  return fit(email, primary.email_address) ?? '';
}

function fit(schema: z.ZodType<string | null | undefined>, value: string | null | undefined): string | undefined {
  if (typeof value !== 'string' || checkText(value).length > 0) return undefined;
  return schema.safeParse(value).data ?? undefined;
}
