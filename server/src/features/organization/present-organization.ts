import type { organization } from '@base/shared/contracts/accounts';
import type { Organizations } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';
import type { Principal } from '../../http/principal.ts';

/** The organization on the wire; limits and features are those that hold for its members now. */
export function presentOrganization(
  row: Selectable<Organizations>,
  principal: Principal,
): z.input<typeof organization> {
  return {
    id: row.id,
    object: 'organization',
    name: row.name,
    slug: row.slug,
    logo_url: row.logo_url,
    owner_id: row.owner_id,
    plan: row.plan_id,
    settings: {
      allow_member_invites: row.allow_member_invites,
      // A CHECK constraint leaves only these three.
      default_role: row.default_role as 'manager' | 'member' | 'viewer',
      require_approval: row.require_approval,
    },
    limits: principal.limits,
    features: [...principal.features],
    is_active: row.is_active,
    created_at: row.created_at.toISOString(),
  };
}
