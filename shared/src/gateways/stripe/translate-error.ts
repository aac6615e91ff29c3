import { Stripe } from 'stripe';
import { GatewayError, type GatewayErrorKind } from '../gateway-error.ts';

const messageMax = 500;

/** Runs calls of the SDK. @throws GatewayError instead of its errors; everything else as it is */
export async function callStripe<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translateStripeError(error);
  }
}

/** The SDK's error as a gateway's, with Stripe's code and the parameter it is about; what is not one stays as it is. */
export function translateStripeError(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const { statusCode, code, param, rawType } = error;
  const message = `Stripe: ${statusCode ?? 'no answer'} ${code ?? rawType ?? error.type} ${error.message}`;
  return new GatewayError(kindOf(error), message.slice(0, messageMax), {
    codes: [code ?? rawType ?? error.type, ...(param === undefined ? [] : [param])],
    retryAfterSeconds: readSeconds(error.headers?.['retry-after']),
  });
}

function kindOf({ statusCode }: InstanceType<typeof Stripe.errors.StripeError>): GatewayErrorKind {
  switch (statusCode) {
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
      return 'not_found';
    case 409:
      // Another call holds the object or the key.
      return 'unavailable';
    case 429:
      return 'rate_limited';
    default:
      return statusCode !== undefined && statusCode < 500 ? 'invalid' : 'unknown_outcome';
  }
}

function readSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
