import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { ApiError } from '@base/shared/errors/api-error';
import { createRemoteJWKSet } from 'jose';
import type { Envelope } from '../../http/read-envelope.ts';

/** fal allows its keys to be kept for a day. https://docs.fal.ai/model-endpoints/webhooks */
const keysMsMax = 24 * 3_600_000;
const fetchEveryMs = 60_000;
const fetchTimeoutMs = 3_000;

/** Checks fal's signatures with the keys that it publishes. */
export interface FalSignatures {
  /** @throws ApiError service_unavailable when fal's keys cannot be had */
  isRight(envelope: Envelope, body: Buffer): Promise<boolean>;
}

/**
 * The keys are kept for a day, and asked for again when none fits, at most once a minute: whoever sends wrong signatures
 * must not make us call fal.
 */
export function createFalSignatures(jwksUrl: string, now: () => number = Date.now): FalSignatures {
  const keySet = createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge: keysMsMax, timeoutDuration: fetchTimeoutMs });
  let notBeforeMs = 0;

  const mayFetch = (): boolean => keySet.reloading || now() >= notBeforeMs;
  const fetchKeys = async (): Promise<void> => {
    const retryAfterSeconds = fetchEveryMs / 1000;
    if (!mayFetch()) throw new ApiError('service_unavailable', { retryAfterSeconds });
    if (!keySet.reloading) notBeforeMs = now() + fetchEveryMs;
    await keySet.reload().catch((cause: unknown) => {
      throw new ApiError('service_unavailable', { retryAfterSeconds, cause });
    });
  };

  return {
    async isRight(envelope, body) {
      const message = messageOf(envelope, body);
      const signature = Buffer.from(envelope.signature, 'hex');
      if (message === null || signature.length !== 64) return false;
      const fits = (): boolean =>
        (keySet.jwks()?.keys ?? []).some(({ x }) => {
          const key = typeof x === 'string' ? toKey(x) : null;
          return key !== null && verify(null, message, key, signature);
        });
      if (!keySet.fresh) await fetchKeys();
      if (fits()) return true;
      if (!mayFetch()) return false;
      await fetchKeys();
      return fits();
    },
  };
}

/** What fal signs: request, user, time and the hash of the body, one per line. */
function messageOf({ id, timestamp, headers }: Envelope, body: Buffer): Buffer | null {
  const userId = headers['x-fal-webhook-user-id'];
  if (typeof userId !== 'string') return null;
  return Buffer.from([id, userId, timestamp, hash('sha256', body, 'hex')].join('\n'));
}

/** Null for a key of another kind than Ed25519. */
function toKey(x: string): KeyObject | null {
  if (Buffer.from(x, 'base64url').length !== 32) return null;
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
