import type { Config } from '@base/shared/config/env-schema';
import { createStripe } from '@base/shared/gateways/stripe/client';
import type { PaymentContext, PaymentGateway, PaymentGateways } from './gateway.ts';
import { createStripePayments } from './stripe/stripe-payments.ts';

/** The gateways that there are keys for. */
export function buildPaymentGateways(config: Config, context: PaymentContext): PaymentGateways {
  const gateways: PaymentGateway[] = [];
  if (config.STRIPE_SECRET_KEY !== undefined) {
    const stripe = createStripe({ secretKey: config.STRIPE_SECRET_KEY, baseUrl: config.STRIPE_BASE_URL });
    gateways.push(createStripePayments({ ...context, stripe }));
  }
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
