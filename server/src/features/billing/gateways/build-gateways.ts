import type { Config } from '@base/shared/config/env-schema';
import type { Clock } from '@base/shared/gateways/clock';
import { createStripe } from '@base/shared/gateways/stripe/client';
import type { BillingGateway, BillingGateways } from './gateway.ts';
import { createStripeBilling } from './stripe/stripe-billing.ts';

/** The gateways that there are keys for. */
export function buildBillingGateways(config: Config, clock: Clock): BillingGateways {
  const gateways: BillingGateway[] = [];
  if (config.STRIPE_SECRET_KEY !== undefined) {
    const stripe = createStripe({ secretKey: config.STRIPE_SECRET_KEY, baseUrl: config.STRIPE_BASE_URL });
    gateways.push(createStripeBilling(stripe, clock));
  }
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
