import { hash, type KeyObject } from 'node:crypto';
import type { Config } from '@base/shared/config/env-schema';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { createClerkIssuer } from './clerk-issuer.ts';
import { refuseSession, type SessionUser } from './session-issuer.ts';
import { createSupabaseIssuer } from './supabase-issuer.ts';

const leewaySeconds = 30;
const cachedTokensMax = 20_000;
const cachedMsMax = 10 * 60_000;

export interface SessionTokens {
  /** @throws ApiError unauthenticated, or service_unavailable when the keys cannot be fetched */
  verify(token: string): Promise<SessionUser>;
}

type SessionConfig = Pick<Config, 'SUPABASE_URL' | 'SUPABASE_JWT_SECRET' | 'CLERK_ISSUER' | 'CLERK_AUTHORIZED_PARTIES'>;

/**
 * Verifies the session tokens of the configured issuers: Supabase's, and Clerk's where it is set. What a token itself
 * says only chooses among them; the algorithm comes from our key, never from the token. Verified tokens are remembered
 * until they expire, at most ten minutes, because verification is the most expensive part of a request.
 */
export function createSessionTokens(config: SessionConfig, now: () => number = Date.now): SessionTokens {
  const supabase = createSupabaseIssuer(config);
  const clerk = createClerkIssuer(config);
  const verified = new LRUCache<string, SessionUser>({ max: cachedTokensMax });

  return {
    async verify(token) {
      const cacheKey = hash('sha256', token, 'base64');
      const known = verified.get(cacheKey);
      if (known !== undefined) {
        if (known.expiresAt + leewaySeconds > now() / 1000) return known;
        throw refuseSession('The session has expired; refresh it.');
      }
      const { header, claimedIssuer } = readUnverified(token);
      const issuer = clerk !== null && claimedIssuer === clerk.iss ? clerk : supabase;
      const { key, algorithm } = await issuer.findKey(header);
      const user = issuer.readUser(verifySignature(token, key, algorithm, issuer.audience), algorithm);
      const untilExpiryMs = (user.expiresAt + leewaySeconds) * 1000 - now();
      verified.set(cacheKey, user, { ttl: Math.max(1, Math.min(cachedMsMax, untilExpiryMs)) });
      return user;
    },
  };
}

function readUnverified(token: string): { header: jwt.JwtHeader; claimedIssuer: unknown } {
  let decoded: jwt.Jwt | null = null;
  try {
    decoded = jwt.decode(token, { complete: true });
  } catch {
    // Text that only looks like a token is refused below, like any other.
  }
  if (typeof decoded?.header?.alg !== 'string') throw refuseSession('The token is not a session token or API key.');
  const { header, payload } = decoded;
  return { header, claimedIssuer: typeof payload === 'object' ? payload?.iss : undefined };
}

function verifySignature(
  token: string,
  key: KeyObject,
  algorithm: jwt.Algorithm,
  audience: string | undefined,
): unknown {
  try {
    return jwt.verify(token, key, {
      algorithms: [algorithm],
      clockTolerance: leewaySeconds,
      ...(audience === undefined ? {} : { audience }),
    });
  } catch (error) {
    const expired = error instanceof jwt.TokenExpiredError;
    throw refuseSession(
      expired ? 'The session has expired; refresh it.' : 'The session token is not valid here.',
      error,
    );
  }
}
