import type { CheckoutRow } from '@base/shared/db/queries/billing';
import type { CheckoutAtGateway } from '@base/shared/db/queries/checkouts';
import type { SoldItem } from '@base/shared/db/queries/gateway-records';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { GatewayOrder } from '../gateway.ts';
import { withCustomer } from './stripe-customer.ts';
import { withPrice } from './stripe-price.ts';

/** Makes the session under the id of the order's row: a second try, from wherever it comes, finds the same session. */
export async function openStripeCheckout(stripe: StripeClient, order: GatewayOrder): Promise<CheckoutAtGateway> {
  const { pool, checkout, payer, itemName: name } = order;
  const priced = { item: itemOf(checkout), name, amountCents: checkout.amount_cents };
  return withPrice(pool, stripe, priced, (price) =>
    withCustomer({ pool, stripe, payer, purpose: checkout.id }, async (customer) => {
      const session = await callStripe(() =>
        stripe.checkout.sessions.create(
          {
            client_reference_id: checkout.id,
            customer,
            line_items: [{ price, quantity: 1 }],
            success_url: order.successUrl,
            cancel_url: order.cancelUrl,
            ...modeOf(order),
          },
          { idempotencyKey: `checkout:${checkout.id}:${customer}:${price}` },
        ),
      );
      const { id: gatewayId, url, expires_at: expires } = session;
      return { gatewayId, url, instructions: null, expiresAt: new Date(expires * 1000) };
    }),
  );
}

/** Ends a session that is still open. */
export async function expireStripeCheckout(stripe: StripeClient, id: string): Promise<'expired' | 'completed'> {
  try {
    await callStripe(() => stripe.checkout.sessions.expire(id));
    return 'expired';
  } catch (error) {
    if (isGatewayError(error, 'not_found')) return 'expired';
    if (!isGatewayError(error, 'invalid')) throw error;
    // Only open ones can be ended: it has ended in one way or the other.
    const session = await callStripe(() => stripe.checkout.sessions.retrieve(id));
    return session.status === 'complete' ? 'completed' : 'expired';
  }
}

/** A session's metadata does not reach what refunds and invoices show: it is written where that comes from, too. */
function modeOf({ checkout, payer, trialDays }: GatewayOrder) {
  const metadata = { organization_id: payer.organizationId, checkout_id: checkout.id };
  if (checkout.pack_id !== null) {
    // Our amount in our currency, whatever the account's default is: nothing else is credited.
    const fixed = { adaptive_pricing: { enabled: false } };
    return { mode: 'payment' as const, metadata, payment_intent_data: { metadata }, ...fixed };
  }
  return {
    mode: 'subscription' as const,
    metadata,
    subscription_data: { metadata, ...(trialDays > 0 && { trial_period_days: trialDays }) },
  };
}

function itemOf({ plan_id: planId, billing_interval: interval, pack_id: packId }: CheckoutRow): SoldItem {
  if (packId !== null) return { packId };
  if (planId === null || interval === null) throw new Error('a checkout is for a plan or a pack');
  return { planId, interval };
}
