import type { Clock } from '@base/shared/gateways/clock';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { BillingGateway } from '../gateway.ts';
import { expireStripeCheckout, openStripeCheckout } from './stripe-checkout.ts';
import { withCustomer } from './stripe-customer.ts';
import {
  cancelStripeSubscription,
  downgradeStripeSubscription,
  keepStripePlan,
  pauseStripeSubscription,
  resumeStripeSubscription,
  upgradeStripeSubscription,
} from './stripe-subscription.ts';

export function createStripeBilling(stripe: StripeClient, clock: Clock): BillingGateway {
  return {
    name: 'stripe',
    methods: [],
    openCheckout: (order) => openStripeCheckout(stripe, order),
    expireCheckout: (id) => expireStripeCheckout(stripe, id),
    openPortal: (pool, payer, returnUrl) =>
      withCustomer({ pool, stripe, payer, purpose: `portal:${clock.now().getTime()}` }, async (customer) => {
        const { url } = await callStripe(() =>
          stripe.billingPortal.sessions.create({ customer, return_url: returnUrl }),
        );
        return url;
      }),
    upgrade: (subscription, plan) => upgradeStripeSubscription(stripe, subscription, plan),
    downgrade: (subscription, plan) => downgradeStripeSubscription(stripe, clock, subscription, plan),
    keep: (subscription) => keepStripePlan(stripe, subscription),
    cancel: (subscription) => cancelStripeSubscription(stripe, subscription),
    resume: (subscription) => resumeStripeSubscription(stripe, subscription),
    pause: (subscription) => pauseStripeSubscription(stripe, subscription),
  };
}
