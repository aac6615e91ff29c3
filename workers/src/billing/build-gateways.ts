import type { Config } from '@base/shared/config/env-schema';
import { createAsaas } from '@base/shared/gateways/asaas/client';
import { asaasUserAgent } from '@base/shared/gateways/asaas/http';
import { createStripe } from '@base/shared/gateways/stripe/client';
import { createAsaasPayments } from './asaas/asaas-payments.ts';
import type { PaymentContext, PaymentGateway, PaymentGateways } from './gateway.ts';
import { createStripePayments } from './stripe/stripe-payments.ts';

/** Nobody waits for these answers. */
const asaasTimeoutMs = 20_000;

/** The gateways that there are keys for. */
export function buildPaymentGateways(config: Config, context: PaymentContext): PaymentGateways {
  const gateways: PaymentGateway[] = [];
  if (config.STRIPE_SECRET_KEY !== undefined) {
    const stripe = createStripe({ secretKey: config.STRIPE_SECRET_KEY, baseUrl: config.STRIPE_BASE_URL });
    gateways.push(createStripePayments({ ...context, stripe }));
  }
  if (config.ASAAS_API_KEY !== undefined) {
    const asaas = createAsaas({
      apiKey: config.ASAAS_API_KEY,
      baseUrl: config.ASAAS_BASE_URL,
      userAgent: asaasUserAgent,
      timeoutMs: asaasTimeoutMs,
    });
    gateways.push(createAsaasPayments({ ...context, asaas }));
  }
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
