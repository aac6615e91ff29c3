import { claimHandlers } from './claim-events.ts';
import { paymentHandlers } from './payment-events.ts';
import type { StripeHandler } from './stripe-context.ts';
import { subscriptionHandlers } from './subscription-events.ts';

/** Every type of event that has an effect here. The webhook endpoint at Stripe is made for these, see docs/operations.md. */
export const handlers: ReadonlyMap<string, StripeHandler> = new Map(
  Object.entries({ ...paymentHandlers, ...subscriptionHandlers, ...claimHandlers }),
);
