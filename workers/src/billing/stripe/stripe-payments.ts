import type { CheckoutRow, ClaimedPaymentEvent } from '@base/shared/db/queries/billing';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { stripeApiVersion } from '@base/shared/gateways/stripe/client';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import * as z from 'zod';
import { type PaymentGateway, UnusableEventError } from '../gateway.ts';
import { applySession } from './apply-session.ts';
import { compareStripeSubscriptions } from './compare-subscriptions.ts';
import { handlers } from './handlers.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import { payTopup } from './pay-topup.ts';
import { recoverStripeEvents } from './recover-events.ts';
import { readDatabaseTime, type StripeContext } from './stripe-context.ts';

const payloadSchema = z.object({ data: z.object({ object: z.object({ id: z.string() }) }) });

export function createStripePayments(context: StripeContext): PaymentGateway {
  const versions = new Set<string>();
  const noteVersion = ({ api_version: version }: ClaimedPaymentEvent): void => {
    if (version === null || version === stripeApiVersion || versions.has(version)) return;
    versions.add(version);
    context.log.warn({ version, pinned: stripeApiVersion }, 'the webhook endpoint at Stripe has another API version');
  };
  return {
    name: 'stripe',
    async process(event) {
      const handler = handlers.get(event.type);
      if (handler === undefined) return 'ignored';
      noteVersion(event);
      return callStripe(() => handler(context, { objectId: readObjectId(event), asOf: event.claimed_at }));
    },
    recoverEvents: () => callStripe(() => recoverStripeEvents(context)),
    settleCheckout: (checkout) => callStripe(() => settle(context, checkout)),
    endSubscription: (gatewayId) => end(context, gatewayId),
    payTopup: (topup) => payTopup(context, topup),
    compareSubscriptions: () => callStripe(() => compareStripeSubscriptions(context)),
  };
}

/** The event's own copy of the object may be old by now, and is not read. */
function readObjectId({ payload, event_id: id }: ClaimedPaymentEvent): string {
  const parsed = payloadSchema.safeParse(JSON.parse(payload));
  if (!parsed.success) throw new UnusableEventError(`the event ${id} names no object`);
  return parsed.data.data.object.id;
}

async function settle(context: StripeContext, { gateway_id: objectId }: CheckoutRow): Promise<void> {
  if (objectId !== null) await applySession(context, { objectId, asOf: await readDatabaseTime(context) });
}

async function end(context: StripeContext, gatewayId: string): Promise<void> {
  const asOf = await readDatabaseTime(context);
  await callStripe(() => context.stripe.subscriptions.cancel(gatewayId)).catch((error: unknown) => {
    // Stripe knows no living one of this id: somebody has ended it.
    if (!isGatewayError(error, 'not_found') && !isGatewayError(error, 'invalid')) throw error;
  });
  const { status } = await callStripe(() => mirrorSubscription(context, { objectId: gatewayId, asOf }));
  if (status !== 'canceled') throw new Error(`the subscription ${gatewayId} is ${status} at Stripe`);
}
