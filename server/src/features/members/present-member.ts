import type { member } from '@base/shared/contracts/members';
import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import type * as z from 'zod';
import type { Principal } from '../../http/principal.ts';

type MemberRow = Awaited<ReturnType<ReturnType<typeof selectMembers>['executeTakeFirstOrThrow']>>;

/** The members of the caller's organization. Those who were removed are none. */
export function selectMembers(db: Db, principal: Principal) {
  return db
    .selectFrom('users as u')
    .innerJoin('organizations as o', 'o.id', 'u.organization_id')
    .where('u.organization_id', '=', principal.organizationId)
    .where('u.deleted_at', 'is', null)
    .select(['u.id', 'u.email', 'u.full_name', 'u.avatar_url', 'u.role', 'u.is_active'])
    .select(['u.last_login_at', 'u.joined_at', 'o.owner_id']);
}

/** One member of the caller's organization, on the wire. @throws ApiError not_found */
export async function findMember(db: Db, principal: Principal, id: string): Promise<z.input<typeof member>> {
  const row = await selectMembers(db, principal).where('u.id', '=', id).executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return presentMember(row);
}

export function presentMember(row: MemberRow): z.input<typeof member> {
  return {
    id: row.id,
    object: 'member',
    email: row.email,
    full_name: row.full_name,
    avatar_url: row.avatar_url,
    role: row.role,
    is_owner: row.owner_id === row.id,
    is_active: row.is_active,
    last_login_at: row.last_login_at?.toISOString() ?? null,
    joined_at: row.joined_at.toISOString(),
  };
}
