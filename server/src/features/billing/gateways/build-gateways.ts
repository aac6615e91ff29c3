import type { Config } from '@base/shared/config/env-schema';
import { createAsaas } from '@base/shared/gateways/asaas/client';
import { asaasUserAgent } from '@base/shared/gateways/asaas/http';
import type { Clock } from '@base/shared/gateways/clock';
import { createStripe } from '@base/shared/gateways/stripe/client';
import { createAsaasBilling } from './asaas/asaas-billing.ts';
import type { BillingGateway, BillingGateways } from './gateway.ts';
import { createStripeBilling } from './stripe/stripe-billing.ts';

/** Somebody is waiting, and an order takes several calls. */
const asaasTimeoutMs = 5_000;

/** The gateways that there are keys for. */
export function buildBillingGateways(config: Config, clock: Clock): BillingGateways {
  const gateways: BillingGateway[] = [];
  if (config.STRIPE_SECRET_KEY !== undefined) {
    const stripe = createStripe({ secretKey: config.STRIPE_SECRET_KEY, baseUrl: config.STRIPE_BASE_URL });
    gateways.push(createStripeBilling(stripe, clock));
  }
  if (config.ASAAS_API_KEY !== undefined) {
    const asaas = createAsaas({
      apiKey: config.ASAAS_API_KEY,
      baseUrl: config.ASAAS_BASE_URL,
      userAgent: asaasUserAgent,
      timeoutMs: asaasTimeoutMs,
    });
    gateways.push(createAsaasBilling(asaas, clock));
  }
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
