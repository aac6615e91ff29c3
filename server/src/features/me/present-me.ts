import type { me } from '@base/shared/contracts/accounts';
import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import type * as z from 'zod';
import type { Principal } from '../../http/principal.ts';

/** Reads the person with their organization and builds the wire object. @throws ApiError not_found */
export async function presentMe(db: Db, principal: Principal): Promise<z.input<typeof me>> {
  const row = await db
    .selectFrom('users as u')
    .innerJoin('organizations as o', 'o.id', 'u.organization_id')
    .where('u.id', '=', principal.userId)
    .where('u.organization_id', '=', principal.organizationId)
    .select(['u.id', 'u.email', 'u.full_name', 'u.avatar_url', 'u.phone', 'u.role', 'u.theme', 'u.language'])
    .select(['u.email_notifications', 'u.notice_emails', 'u.onboarding_emails', 'u.job_emails', 'u.push_notifications'])
    .select(['u.last_login_at', 'u.created_at'])
    .select(['o.id as organization_id', 'o.name as organization_name', 'o.slug', 'o.plan_id'])
    .executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return {
    id: row.id,
    object: 'user',
    email: row.email,
    full_name: row.full_name,
    avatar_url: row.avatar_url,
    phone: row.phone,
    role: row.role,
    preferences: {
      // Both are held to these words by CHECK constraints.
      theme: row.theme as 'light' | 'dark' | 'system',
      language: row.language as 'pt-BR' | 'en' | 'es', // same reason
      email_notifications: row.email_notifications,
      notice_emails: row.notice_emails,
      onboarding_emails: row.onboarding_emails,
      job_emails: row.job_emails,
      push_notifications: row.push_notifications,
    },
    organization: { id: row.organization_id, name: row.organization_name, slug: row.slug, plan: row.plan_id },
    last_login_at: row.last_login_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
