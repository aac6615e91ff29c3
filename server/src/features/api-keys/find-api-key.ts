import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import { mayGrantScopes } from '../../http/permissions.ts';
import type { Principal } from '../../http/principal.ts';
import { type ApiKeyRow, apiKeyColumns, scopesOf } from './present-api-key.ts';

/** The organization's own key. @throws ApiError not_found */
export async function findApiKey(db: Db, principal: Principal, id: string): Promise<ApiKeyRow> {
  const row = await db
    .selectFrom('api_keys')
    .select(apiKeyColumns)
    .where('organization_id', '=', principal.organizationId)
    .where('id', '=', id)
    .executeTakeFirst();
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
