import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { type AsaasContext, readTime } from './asaas-context.ts';
import { mirrorSubscription } from './mirror-subscription.ts';

/** Removes a subscription, and with it what it still asks for. Once or many times. */
export async function endAsaasSubscription(context: AsaasContext, gatewayId: string): Promise<void> {
  const asOf = await readTime(context);
  await context.asaas.deleteSubscription(gatewayId).catch((error: unknown) => {
    if (!isGatewayError(error, 'not_found') && !isGatewayError(error, 'invalid')) throw error;
  });
  await mirrorSubscription(context, { objectId: gatewayId, asOf });
}
