import { findOrderedPack, reopenCheckout } from '@base/shared/db/queries/asaas-orders';
import type { CheckoutRow } from '@base/shared/db/queries/billing';
import { endCheckout } from '@base/shared/db/queries/checkouts';
import { readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { UnusableEventError } from '../gateway.ts';
import type { AsaasContext, Occasion } from './asaas-context.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import { refuseUnordered } from './refuse-unordered.ts';
import { writePayment } from './write-payment.ts';

/** Writes what has become of a payment, with its subscription if it has one; `ignored` is one that is not ours. */
export async function mirrorPayment(
  context: AsaasContext,
  { objectId, asOf }: Occasion,
): Promise<'processed' | 'ignored'> {
  const payment = await context.asaas.getPayment(objectId).catch((error: unknown) => {
    if (isGatewayError(error, 'not_found')) return null;
    throw error;
  });
  if (payment === null) return 'ignored';
  if (payment.subscription === null) return mirrorPack(context, payment, asOf);
  return mirrorSubscription(context, { objectId: payment.subscription, asOf }, payment);
}

/** The credits are those of the order, and only its whole amount pays for them. */
async function mirrorPack(context: AsaasContext, payment: AsaasPayment, asOf: Date): Promise<'processed' | 'ignored'> {
  const { id, valueCents } = payment;
  const { isPaid } = readPaymentState(payment);
  const checkout = await findOrderedPack(context.pool, payment);
  if (checkout === null) {
    if (isPaid) await refuseUnordered(context, payment);
    return 'ignored';
  }
  if (valueCents !== checkout.amount_cents) {
    throw new UnusableEventError(`the payment ${id} is of ${valueCents} cents, its order of ${checkout.amount_cents}`);
  }
  await writePayment(context, payment, purposeOf(payment, checkout), asOf);
  if (!isPaid && payment.deleted) await endCheckout(context.pool, checkout.id, 'expired', checkout.gateway_id);
  else if (!isPaid) await reopenCheckout(context.pool, checkout.id, context.clock.now());
  return 'processed';
}

function purposeOf({ id }: AsaasPayment, { id: checkoutId, organization_id: organizationId, credits }: CheckoutRow) {
  const line = { reference: `payment:${id}`, credits, expires_at: null, description: 'Credit pack' };
  return { organizationId, checkoutId, kind: 'pack' as const, line, period: null };
}
