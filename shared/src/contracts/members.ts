import * as z from 'zod';
import { email, roles } from './accounts.ts';
import { id, timestamp } from './wire.ts';

/** Roles that can be given; `super_admin` is the platform's staff. */
const givenRole = z.enum(['admin', 'manager', 'member', 'viewer']);

export const member = z
  .object({
    id,
    object: z.literal('member'),
    email: z.string(),
    full_name: z.string().nullable(),
    avatar_url: z.url().nullable(),
    role: z.enum(roles),
    is_owner: z.boolean(),
    is_active: z.boolean().meta({ description: 'Someone switched off keeps their place, and may do nothing.' }),
    last_login_at: timestamp.nullable(),
    joined_at: timestamp,
  })
  .meta({ id: 'Member' });

export const updateMemberBody = z
  .strictObject({ role: givenRole.optional(), is_active: z.boolean().optional() })
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');

export const invitationStatuses = ['pending', 'awaiting_approval', 'accepted', 'revoked', 'expired'] as const;

export const invitation = z
  .object({
    id,
    object: z.literal('invitation'),
    email: z.string(),
    role: z.enum(roles),
    status: z.enum(invitationStatuses),
    invited_by: id.nullable(),
    expires_at: timestamp,
    accepted_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'Invitation' });

export const createdInvitation = invitation
  .extend({
    accept_url: z
      .url()
      .nullable()
      .meta({ description: 'The link for the person invited, shown this once; null when the answer is a replay.' }),
  })
  .meta({ id: 'CreatedInvitation' });

export const createInvitationBody = z.strictObject({
  email,
  role: givenRole
    .optional()
    .meta({ description: 'Without it: the organization’s default role, or yours if that is lower.' }),
});

export const acceptInvitationBody = z.strictObject({
  token: z.string().min(1).max(200).meta({ description: 'What follows `#token=` in the link.' }),
});

export const membership = z
  .object({
    object: z.literal('membership'),
    organization: z.object({ id, name: z.string(), slug: z.string() }),
    role: z.enum(roles),
  })
  .meta({ id: 'Membership' });
