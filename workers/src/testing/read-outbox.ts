import { type Config, envSchema } from '@base/shared/config/env-schema';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import type { Queryable } from '@base/shared/db/queryable';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { composeEmail } from '../email/compose-email.ts';
import type { ClaimedEmail } from '../email/email-store.ts';

/** For what no test looks at. */
export const config: Config = envSchema.parse({
  PUBLIC_URL: 'http://api.test',
  DATABASE_URL: 'postgres://x',
  REDIS_URL: 'redis://x',
  SUPABASE_URL: 'http://x.test',
  SUPABASE_PUBLISHABLE_KEY: 'x',
  SUPABASE_SECRET_KEY: 'x',
  URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
  MASTER_KEYS: testMasterKeys,
});
export const secretBox = createSecretBox(config.MASTER_KEYS);

export interface Written {
  template: string;
  subject: string;
  status: string;
  hours: number;
}

/** What stands in the outbox for the organization but first-week e-mails, made an e-mail of; hours is until it is due. */
export async function readOutbox(pool: Queryable, organizationId: string): Promise<Written[]> {
  const { rows } = await pool.query<ClaimedEmail & { status: string; hours: number }>(
    `select e.*, coalesce(e.address, u.email) as address, u.full_name, coalesce(e.language, 'en') as language, o.name as organization_name,
       round(extract(epoch from e.due_at - clock_timestamp()) / 3600)::float as hours
     from email_outbox e join organizations o on o.id = e.organization_id left join users u on u.id = e.user_id
     where e.organization_id = $1 and e.template !~ '^(welcome|onboarding)' order by e.id`,
    [organizationId],
  );
  return rows.map((row) => ({
    template: row.template,
    subject: composeEmail({ config, secretBox }, row).subject,
    status: row.status,
    hours: row.hours,
  }));
}
