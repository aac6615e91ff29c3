import { KeyObject, type webcrypto } from 'node:crypto';
import { ApiError } from '@base/shared/errors/api-error';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTHeaderParameters } from 'jose';
import type jwt from 'jsonwebtoken';
import { refuseSession } from './session-issuer.ts';

const invalid = 'The session token is not valid here.';

export interface VerificationKey {
  key: KeyObject;
  algorithm: jwt.Algorithm;
}

/**
 * Finds an issuer's published key (ES256 or RS256) for a token's header. An unknown key id is asked for at most every
 * 30 seconds; the last good set serves while the endpoint does not answer.
 * The finder throws ApiError unauthenticated, or service_unavailable when the keys cannot be fetched.
 */
export function createPublishedKeys(url: string): (header: jwt.JwtHeader) => Promise<VerificationKey> {
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: 10 * 60_000,
    cooldownDuration: 30_000,
    timeoutDuration: 3_000,
  });
  return async (header) => {
    const wanted = header as JWTHeaderParameters; // same shape; jose only types `alg` more narrowly
    try {
      return describeKey(await remote(wanted));
    } catch (error) {
      if (isRefusal(error)) throw refuseSession(invalid, error);
      const lastGood = remote.jwks();
      if (lastGood === undefined) throw new ApiError('service_unavailable', { retryAfterSeconds: 5, cause: error });
      const key = await createLocalJWKSet(lastGood)(wanted).catch((cause: unknown) => {
        throw refuseSession(invalid, cause);
      });
      return describeKey(key);
    }
  };
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported ||
    error instanceof ApiError
  );
}

function describeKey(key: webcrypto.CryptoKey): VerificationKey {
  const { name } = key.algorithm;
  if (name === 'ECDSA') return { key: KeyObject.from(key), algorithm: 'ES256' };
  if (name === 'RSASSA-PKCS1-v1_5') return { key: KeyObject.from(key), algorithm: 'RS256' };
  throw refuseSession('The session token is signed in a way that is not accepted.');
}
