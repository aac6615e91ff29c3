import { createSecretKey, hash, KeyObject, type webcrypto } from 'node:crypto';
import type { Config } from '@base/shared/config/env-schema';
import { ApiError } from '@base/shared/errors/api-error';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTHeaderParameters } from 'jose';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';

const leewaySeconds = 30;
const cachedTokensMax = 20_000;
const cachedMsMax = 10 * 60_000;

/** The person a verified session token speaks for. */
export interface SessionUser {
  userId: string;
  email: string;
  fullName: string | null;
  /** Unix seconds. */
  expiresAt: number;
}

export interface SessionTokens {
  /** @throws ApiError unauthenticated, or service_unavailable when the keys cannot be fetched */
  verify(token: string): Promise<SessionUser>;
}

const claimsSchema = z.object({
  sub: z.uuid(),
  role: z.literal('authenticated'),
  exp: z.number(),
  iss: z.string().optional(),
  email: z.string().max(320).default(''),
  is_anonymous: z.boolean().optional(),
  user_metadata: z
    .object({ full_name: z.string().max(1000).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

interface VerificationKey {
  key: KeyObject;
  algorithm: jwt.Algorithm;
  isRemote: boolean;
}

/**
 * Verifies Supabase session tokens: HS256 with the project's secret, or ES256/RS256 with its published keys. The
 * algorithm comes from our key, never from the token. Verified tokens are remembered until they expire, at most ten
 * minutes, because verification is the most expensive part of a request.
 */
export function createSessionTokens(
  config: Pick<Config, 'SUPABASE_URL' | 'SUPABASE_JWT_SECRET'>,
  now: () => number = Date.now,
): SessionTokens {
  const issuer = `${config.SUPABASE_URL.replace(/\/+$/, '')}/auth/v1`;
  const secret = config.SUPABASE_JWT_SECRET === undefined ? null : createSecretKey(config.SUPABASE_JWT_SECRET, 'utf8');
  const findRemoteKey = createRemoteKeys(`${issuer}/.well-known/jwks.json`);
  const verified = new LRUCache<string, SessionUser>({ max: cachedTokensMax });

  const findKey = async (header: jwt.JwtHeader): Promise<VerificationKey> => {
    if (header.alg.startsWith('HS')) {
      if (secret === null) throw unauthenticated('Tokens signed with a shared secret are not accepted here.');
      return { key: secret, algorithm: 'HS256', isRemote: false };
    }
    return findRemoteKey(header);
  };

  return {
    async verify(token) {
      const cacheKey = hash('sha256', token, 'base64');
      const known = verified.get(cacheKey);
      if (known !== undefined) {
        if (known.expiresAt + leewaySeconds > now() / 1000) return known;
        throw unauthenticated('The session has expired; refresh it.');
      }
      const header = readHeader(token);
      const { key, algorithm, isRemote } = await findKey(header);
      const user = readClaims(verifySignature(token, key, algorithm), isRemote ? issuer : null, issuer);
      const untilExpiryMs = (user.expiresAt + leewaySeconds) * 1000 - now();
      verified.set(cacheKey, user, { ttl: Math.max(1, Math.min(cachedMsMax, untilExpiryMs)) });
      return user;
    },
  };
}

function readHeader(token: string): jwt.JwtHeader {
  let decoded: jwt.Jwt | null = null;
  try {
    decoded = jwt.decode(token, { complete: true });
  } catch {
    // Text that only looks like a token is refused below, like any other.
  }
  if (typeof decoded?.header?.alg !== 'string') throw unauthenticated('The token is not a session token or API key.');
  return decoded.header;
}

function verifySignature(token: string, key: KeyObject, algorithm: jwt.Algorithm): unknown {
  try {
    return jwt.verify(token, key, {
      algorithms: [algorithm],
      audience: 'authenticated',
      clockTolerance: leewaySeconds,
    });
  } catch (error) {
    const expired = error instanceof jwt.TokenExpiredError;
    throw unauthenticated(
      expired ? 'The session has expired; refresh it.' : 'The session token is not valid here.',
      error,
    );
  }
}

function readClaims(payload: unknown, requiredIssuer: string | null, ownIssuer: string): SessionUser {
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) throw unauthenticated('The token is not the session of a person.', parsed.error);
  const claims = parsed.data;
  if (claims.is_anonymous === true) throw unauthenticated('Anonymous sessions are not accepted.');
  if (
    (claims.iss ?? requiredIssuer ?? ownIssuer) !== ownIssuer ||
    (requiredIssuer !== null && claims.iss === undefined)
  ) {
    throw unauthenticated('The session token is not valid here.');
  }
  return {
    userId: claims.sub.toLowerCase(),
    email: claims.email,
    fullName: claims.user_metadata?.full_name ?? null,
    expiresAt: claims.exp,
  };
}

/** Finds the project's published key for a header; the last good set serves while the endpoint does not answer. */
function createRemoteKeys(url: string): (header: jwt.JwtHeader) => Promise<VerificationKey> {
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
      if (isRefusal(error)) throw unauthenticated('The session token is not valid here.', error);
      const lastGood = remote.jwks();
      if (lastGood === undefined) throw new ApiError('service_unavailable', { retryAfterSeconds: 5, cause: error });
      const key = await createLocalJWKSet(lastGood)(wanted).catch((cause: unknown) => {
        throw unauthenticated('The session token is not valid here.', cause);
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
  if (name === 'ECDSA') return { key: KeyObject.from(key), algorithm: 'ES256', isRemote: true };
  if (name === 'RSASSA-PKCS1-v1_5') return { key: KeyObject.from(key), algorithm: 'RS256', isRemote: true };
  throw unauthenticated('The session token is signed in a way that is not accepted.');
}

function unauthenticated(detail: string, cause?: unknown): ApiError {
  return new ApiError('unauthenticated', { detail, cause });
}
