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
  'monthly_credit_budget',
  'allowed_ips',
  'expires_at',
  'last_used_at',
  'last_used_ip',
  'revoked_at',
  'created_at',
] as const;

/** What find_key_usage tells of the key's line. */
export const usageColumns = ['credits_used', 'credits_held', 'resets_at'] as const;

export interface KeyUsage {
  credits_used: number;
  credits_held: number;
  resets_at: Date;
}

export type ApiKeyRow = Pick<Selectable<ApiKeys>, (typeof apiKeyColumns)[number]> & KeyUsage;

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
    monthly_credit_budget: row.monthly_credit_budget,
    credits_this_month: { used: row.credits_used, held: row.credits_held, resets_at: row.resets_at.toISOString() },
    allowed_ips: row.allowed_ips,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    last_used_ip: row.last_used_ip,
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
