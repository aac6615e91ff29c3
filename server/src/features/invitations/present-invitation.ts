import type { invitation, invitationStatuses } from '@base/shared/contracts/members';
import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import { sql } from 'kysely';
import type * as z from 'zod';
import type { Principal } from '../../http/principal.ts';

type Status = (typeof invitationStatuses)[number];
type InvitationRow = Awaited<ReturnType<ReturnType<typeof selectInvitations>['executeTakeFirstOrThrow']>>;

/** An open invitation whose time is over says so, whether or not its row was told. */
const status = sql<Status>`case when status in ('pending', 'awaiting_approval') and expires_at <= clock_timestamp()
  then 'expired' else status::text end`;

/** Every column that the caller may see: members see what they sent themselves. The token's hash is never read. */
export function selectInvitations(db: Db, principal: Principal) {
  const rows = db
    .selectFrom('invitations')
    .where('organization_id', '=', principal.organizationId)
    .select(['id', 'email', 'role', 'invited_by', 'expires_at', 'accepted_at', 'created_at'])
    .select(status.as('status'));
  return principal.role === 'member' ? rows.where('invited_by', '=', principal.userId) : rows;
}

/** One invitation of the caller's organization, on the wire. @throws ApiError not_found */
export async function findInvitation(
  db: Db,
  principal: Principal,
  id: string | null,
): Promise<z.input<typeof invitation>> {
  const row = await selectInvitations(db, principal).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return presentInvitation(row);
}

export function presentInvitation(row: InvitationRow): z.input<typeof invitation> {
  return {
    id: row.id,
    object: 'invitation',
    email: row.email,
    role: row.role,
    status: row.status,
    invited_by: row.invited_by,
    expires_at: row.expires_at.toISOString(),
    accepted_at: row.accepted_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
