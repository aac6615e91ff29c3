import type { PaymentMethod } from '@base/shared/contracts/billing';
import type { Gateway } from '@base/shared/db/queries/billing';
import { ApiError } from '@base/shared/errors/api-error';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import type { Deps } from '../../deps.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import type { BillingGateway } from './gateways/gateway.ts';

const retryAfterSeconds = 10;

/** The gateway that a request names, or the usual one. @throws ApiError invalid_request when it is not set up here */
export function pickGateway({ billingGateways, config }: Deps, name: Gateway | undefined): BillingGateway {
  const gateway = billingGateways.get(name ?? config.BILLING_GATEWAY);
  if (gateway !== undefined) return gateway;
  const offered = [...billingGateways.keys()].join(', ') || 'none';
  throw invalidRequest([{ pointer: '/gateway', detail: `is not offered here; offered: ${offered}` }]);
}

/** The way to pay that a request names, or the gateway's usual one. @throws ApiError invalid_request */
export function pickMethod({ name, methods }: BillingGateway, wanted: PaymentMethod | undefined): PaymentMethod | null {
  if (wanted === undefined) return methods[0] ?? null;
  if (methods.includes(wanted)) return wanted;
  const detail = methods.length === 0 ? `is chosen on the page of ${name}` : `must be one of ${methods.join(', ')}`;
  throw invalidRequest([{ pointer: '/method', detail }]);
}

/** The gateway of something that exists there. @throws ApiError service_unavailable when its keys are gone */
export function gatewayOf({ billingGateways }: Deps, name: string): BillingGateway {
  const gateway = [...billingGateways.values()].find((candidate) => candidate.name === name);
  if (gateway !== undefined) return gateway;
  throw new ApiError('service_unavailable', { detail: 'The gateway is not set up at the moment.' });
}

/**
 * Asks a gateway. What it refuses is a fault of ours, or of its configuration: callers have been checked before.
 * @throws ApiError service_unavailable
 */
export async function askGateway<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    throw new ApiError('service_unavailable', {
      detail: 'The payment gateway did not do this; nothing has changed. Try again in a moment.',
      retryAfterSeconds: error.retryAfterSeconds ?? retryAfterSeconds,
      cause: error,
    });
  }
}
