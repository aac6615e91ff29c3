import { Stripe } from 'stripe';
import * as z from 'zod';

export interface StripeMessage {
  id: string;
  type: string;
  apiVersion: string | null;
  /** A thin event of the v2 API: it says that something is new there, and nothing of it is ours. */
  isThin: boolean;
}

/** Both ways: the SDK itself takes a time in the future. */
const toleranceSeconds = 300;

const messageSchema = z.object({
  id: z.string().min(1).max(255),
  object: z.string(),
  type: z.string().min(1).max(255),
  api_version: z.string().nullish(),
});

/**
 * Reads a message that one of the secrets has signed within five minutes of `now`; null for every other.
 * @param secrets several while one is being replaced
 */
export function readStripeMessage(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): StripeMessage | null {
  if (signature === undefined || !isReadable(signature, now)) return null;
  if (!secrets.some((secret) => isSigned(body, signature, secret, now))) return null;
  const parsed = messageSchema.safeParse(parseJson(body.toString('utf8')));
  if (!parsed.success) return null;
  const { id, object, type, api_version: apiVersion } = parsed.data;
  return { id, type, apiVersion: apiVersion ?? null, isThin: object !== 'event' };
}

function isSigned(body: Buffer, header: string, secret: string, now: Date): boolean {
  const { signature } = Stripe.webhooks;
  if (signature === null) throw new Error('the SDK cannot check signatures');
  try {
    return signature.verifyHeader(body, header, secret, toleranceSeconds, undefined, now.getTime());
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

/** `t=<seconds>,v1=<hex>`, perhaps with several signatures; the SDK is not asked about anything else. */
function isReadable(header: string, now: Date): boolean {
  const parts = header.split(',').map((part) => part.trim());
  const times = parts.filter((part) => part.startsWith('t='));
  const [time = ''] = times;
  if (times.length !== 1 || !/^t=\d{1,12}$/.test(time)) return false;
  if (!parts.some((part) => /^v1=[0-9a-f]{64}$/.test(part))) return false;
  return Number(time.slice(2)) <= now.getTime() / 1000 + toleranceSeconds;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
