import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether an event carries the token that was agreed on. Hashes are compared, so that neither the length nor the
 * beginning of the token shows in the time it takes.
 * @param expected the token of the webhook's settings; unset means that nothing is let in
 * @param given the header `asaas-access-token`
 */
export function isAsaasToken(expected: string | undefined, given: string | undefined): boolean {
  if (!expected || !given) return false;
  return timingSafeEqual(hash(expected), hash(given));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
