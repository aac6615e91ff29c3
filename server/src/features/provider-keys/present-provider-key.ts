import { isKeyProvider, type providerKey } from '@base/shared/contracts/provider-keys';
import type { ProviderApiKeys } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

/** All that leaves the database here; the ciphertext is for workers only. */
export const providerKeyColumns = [
  'provider',
  'last4',
  'base_url',
  'is_valid',
  'last_error',
  'validated_at',
  'check_at',
  'created_at',
  'updated_at',
] as const;

export type ProviderKeyRow = Pick<Selectable<ProviderApiKeys>, (typeof providerKeyColumns)[number]>;

/** A provider key on the wire: enough to recognise it, nothing to use it with. */
export function presentProviderKey(row: ProviderKeyRow): z.input<typeof providerKey> {
  if (!isKeyProvider(row.provider)) throw new Error(`a key is stored for an unknown provider: ${row.provider}`);
  return {
    object: 'provider_key',
    provider: row.provider,
    hint: `…${row.last4}`,
    base_url: row.base_url,
    state: stateOf(row),
    last_error: row.last_error,
    validated_at: row.validated_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

function stateOf({ is_valid: isValid, check_at: checkAt }: ProviderKeyRow): 'checking' | 'valid' | 'invalid' {
  if (isValid === null || checkAt !== null) return 'checking';
  return isValid ? 'valid' : 'invalid';
}
