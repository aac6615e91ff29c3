import { findCustomersOrganization } from '@base/shared/db/queries/gateway-records';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';
import { UnusableEventError } from '../gateway.ts';
import type { AsaasContext } from './asaas-context.ts';

/** An account at Asaas may serve other things, too; money of a customer of ours is for a person to look at. */
export async function refuseUnordered(
  { pool }: AsaasContext,
  { id, customer }: Pick<AsaasPayment, 'id' | 'customer'>,
): Promise<void> {
  if ((await findCustomersOrganization(pool, 'asaas', customer)) === null) return;
  throw new UnusableEventError(`nobody knows what the payment ${id} of our customer ${customer} is for`);
}
