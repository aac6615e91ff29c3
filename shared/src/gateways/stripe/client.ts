import { Stripe } from 'stripe';

/** Objects and events have the shape of this version; the webhook endpoint is made with it, too. */
export const stripeApiVersion = '2026-10-28.endive';

export type StripeClient = Stripe;

export interface StripeOptions {
  secretKey: string;
  /** `https://api.stripe.com`, or a stand-in. */
  baseUrl: string;
}

const ownBaseUrl = 'https://api.stripe.com';
const timeoutMs = 10_000;

/**
 * The SDK for one account. Its POSTs are repeated once after a failure: each carries a key of ours, so that Stripe does
 * the same thing once.
 */
export function createStripe({ secretKey, baseUrl }: StripeOptions): StripeClient {
  return new Stripe(secretKey, {
    apiVersion: stripeApiVersion,
    timeout: timeoutMs,
    maxNetworkRetries: 1,
    telemetry: false,
    ...(baseUrl !== ownBaseUrl && addressOf(new URL(baseUrl))),
  });
}

function addressOf({ hostname, port, protocol }: URL): { host: string; port: number; protocol: 'http' | 'https' } {
  const isHttp = protocol === 'http:';
  return { host: hostname, port: Number(port) || (isHttp ? 80 : 443), protocol: isHttp ? 'http' : 'https' };
}
