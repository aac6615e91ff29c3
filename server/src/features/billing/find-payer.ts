import { ApiError } from '@base/shared/errors/api-error';
import type { Deps } from '../../deps.ts';
import type { Principal } from '../../http/principal.ts';
import type { Payer } from './gateways/gateway.ts';

/** Who pays: the organization, at the address of whoever orders. */
export async function findPayer({ db }: Deps, { organizationId, email }: Principal): Promise<Payer> {
  const row = await db.selectFrom('organizations').select('name').where('id', '=', organizationId).executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return { organizationId, organizationName: row.name, email };
}
