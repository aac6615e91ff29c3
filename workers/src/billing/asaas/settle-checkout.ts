import type { CheckoutRow } from '@base/shared/db/queries/billing';
import { endCheckout, findCheckout } from '@base/shared/db/queries/checkouts';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { type AsaasContext, readTime } from './asaas-context.ts';
import { mirrorPaymentsOfPage } from './handlers.ts';
import { mirrorPayment } from './mirror-payment.ts';
import { mirrorSubscription } from './mirror-subscription.ts';

/** Looks an order up whose time is over; one that is still not paid is taken back at Asaas, too. */
export async function settleAsaasCheckout(context: AsaasContext, checkout: CheckoutRow): Promise<void> {
  const { pool } = context;
  const { id, gateway_id: gatewayId, organization_id: organizationId } = checkout;
  if (gatewayId === null) return;
  const asOf = await readTime(context);
  if (gatewayId.startsWith('pay_')) await mirrorPayment(context, { objectId: gatewayId, asOf });
  else if (gatewayId.startsWith('sub_')) await mirrorSubscription(context, { objectId: gatewayId, asOf });
  else await mirrorPaymentsOfPage(context, { organizationId, pageId: gatewayId, asOf });
  const now = await findCheckout(pool, 'asaas', id);
  if (now?.status === 'completed') return;
  await takeBack(context, gatewayId);
  await endCheckout(pool, id, 'expired', gatewayId);
}

/** Asaas refuses what was paid at this very moment: its event comes, and the payment counts all the same. */
async function takeBack({ asaas }: AsaasContext, gatewayId: string): Promise<void> {
  const act = gatewayId.startsWith('pay_')
    ? asaas.deletePayment(gatewayId)
    : gatewayId.startsWith('sub_')
      ? asaas.deleteSubscription(gatewayId)
      : asaas.cancelCheckout(gatewayId);
  await act.catch((error: unknown) => {
    if (!isGatewayError(error, 'not_found') && !isGatewayError(error, 'invalid')) throw error;
  });
}
