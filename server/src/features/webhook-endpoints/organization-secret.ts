import type { Db } from '@base/shared/db/database';
import type { Principal } from '../../http/principal.ts';
import type { SealedSecrets } from './seal-webhook.ts';

/** What signs the callbacks of the organization's jobs, sealed; it has been made before. */
export async function findOrganizationSecret(db: Db, principal: Principal): Promise<SealedSecrets> {
  return db
    .selectFrom('webhook_secrets')
    .select(['secret_ciphertext', 'previous_secrets_ciphertext', 'previous_secrets_until'])
    .where('organization_id', '=', principal.organizationId)
    .executeTakeFirstOrThrow();
}
