import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import { sql } from 'kysely';
import { mayGrantScopes } from '../../http/permissions.ts';
import type { Principal } from '../../http/principal.ts';
import { type ApiKeyRow, apiKeyColumns, type KeyUsage, scopesOf, usageColumns } from './present-api-key.ts';

/** The organization's keys, each with its month, in one query. */
export function selectApiKeys(db: Db, principal: Principal) {
  const usage = sql<KeyUsage>`lateral public.find_key_usage(api_keys.line_id)`.as<'usage'>(sql`usage`);
  return db
    .selectFrom('api_keys')
    .innerJoin(usage, (join) => join.onTrue())
    .select([...apiKeyColumns, ...usageColumns])
    .where('organization_id', '=', principal.organizationId);
}

/** The organization's own key. @throws ApiError not_found */
export async function findApiKey(db: Db, principal: Principal, id: string): Promise<ApiKeyRow> {
  const row = await selectApiKeys(db, principal).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return row;
}

/** A key that the caller may change: one whose scopes are no higher than their own. @throws ApiError not_found, forbidden */
export async function findOwnApiKey(db: Db, principal: Principal, id: string): Promise<ApiKeyRow> {
  const row = await findApiKey(db, principal, id);
  refuseHigherScopes(principal, scopesOf(row));
  return row;
}

/** Nobody hands out, or takes over by rotating, more than they may do themselves. @throws ApiError forbidden */
export function refuseHigherScopes(principal: Principal, scopes: Parameters<typeof mayGrantScopes>[0]): void {
  if (mayGrantScopes(scopes, principal)) return;
  throw new ApiError('forbidden', { detail: `A key with ${scopes.join(', ')} goes beyond what you may do yourself.` });
}

/**
 * A key with a budget or with addresses of its own cannot shed them by making another key, or by changing one.
 * It may still rotate and revoke: both keep what bounds it. @throws ApiError forbidden
 */
export function refuseBoundedKey({ apiKey }: Principal): void {
  if (apiKey === null || (apiKey.monthlyCreditBudget === null && apiKey.allowedIps === null)) return;
  throw new ApiError('forbidden', {
    detail: 'A key with a monthly budget or allowed addresses may neither make nor change keys.',
  });
}
