import { keyProblems } from '@base/shared/contracts/provider-keys';
import { providerKeyContext, type SecretBox } from '@base/shared/crypto/secret-box';
import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import type { Queryable } from '@base/shared/db/queryable';
import type { Logger } from '@base/shared/log/logger';
import type { Provider } from '../providers/provider.ts';
import type { Providers } from '../providers/registry.ts';

/** A provider as one job, or one task of it, may use it. */
export interface KeyHolder {
  organization_id: string;
  key_source: BegunJob['key_source'];
  own_key: Buffer | null;
  own_key_base_url: string | null;
}

/**
 * The provider with the key that was stamped on the job at admission, and with no other.
 * @returns null when that is the organization's own and it has been removed or cannot be decrypted
 * @throws Error when this build has no such provider
 */
export function connectProvider(
  providers: Providers,
  secretBox: SecretBox,
  id: string,
  holder: KeyHolder,
  log: Logger,
): Provider | null {
  let provider: Provider | undefined;
  if (holder.key_source === 'platform') {
    provider = providers.withPlatformKey(id);
  } else {
    if (holder.own_key === null) return null;
    let apiKey: string;
    try {
      apiKey = secretBox.open(holder.own_key, providerKeyContext(holder.organization_id, id));
    } catch (err) {
      log.error({ err, provider: id }, 'an own provider key cannot be decrypted');
      return null;
    }
    provider = providers.withKey(id, { apiKey, baseUrl: holder.own_key_base_url });
  }
  if (!provider) throw new Error(`this worker knows no provider ${id}`);
  return provider;
}

/** Writes down that the provider refused the key, so that admission refuses too; not if it was replaced meanwhile. */
export async function refuseOwnKey(pool: Queryable, job: BegunJob): Promise<void> {
  await pool.query(
    `update public.provider_api_keys set is_valid = false, last_error = $4, validated_at = clock_timestamp(), check_at = null
     where organization_id = $1 and provider = $2 and ciphertext = $3`,
    [job.organization_id, job.provider, job.own_key, keyProblems.refused],
  );
}
