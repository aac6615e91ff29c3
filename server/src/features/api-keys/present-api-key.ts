import type { apiKey, createdApiKey, Scope } from '@base/shared/contracts/accounts';
import type { ApiKeys } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

export const apiKeyColumns = [
  'id',
  'name',
  'prefix',
  'last4',
  'scopes',
  'requests_per_minute',
  'requests_per_day',
  'expires_at',
  'last_used_at',
  'revoked_at',
  'created_at',
] as const;

export type ApiKeyRow = Pick<Selectable<ApiKeys>, (typeof apiKeyColumns)[number]>;

/** A key on the wire: enough to recognise it, nothing to use it with. */
export function presentApiKey(row: ApiKeyRow): z.input<typeof apiKey> {
  return {
    id: row.id,
    object: 'api_key',
    name: row.name,
    prefix: row.prefix,
    last4: row.last4,
    scopes: scopesOf(row),
    requests_per_minute: row.requests_per_minute,
    requests_per_day: row.requests_per_day,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}

/** A key just made, with its text; null when the answer is a replay, because the text is kept nowhere. */
export function presentCreatedApiKey(row: ApiKeyRow, key: string | null): z.input<typeof createdApiKey> {
  return { ...presentApiKey(row), key };
}

export function scopesOf(row: Pick<ApiKeyRow, 'scopes'>): Scope[] {
  return row.scopes as Scope[]; // a CHECK constraint leaves only these
}
