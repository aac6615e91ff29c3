import { hashApiKey, isApiKey } from '@base/shared/crypto/api-key';
import { ApiError } from '@base/shared/errors/api-error';
import type { Request } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { addressOf, exactAddressOf } from './client-address.ts';
import type { Principal } from './principal.ts';
import type { Change, PrincipalState, Principals } from './principals.ts';
import type { SessionTokens } from './session-tokens.ts';

export interface Authenticator {
  /** The principal, or null when the request carries no credentials. @throws ApiError 401, 403, 429 or 503 */
  authenticate(request: Request): Promise<Principal | null>;
  /** The principal that a token of ours speaks for, as it is now. @throws ApiError 401, 403 or 503 */
  admitGranted(grant: { userId: string; apiKeyId: string | null }, request: Request): Promise<Principal>;
  /** Drops what is remembered, for whoever just changed it; other nodes follow by the change feed. */
  forget(changes: readonly Change[]): void;
}

/** Well-formed keys that do not exist, per address and minute: each costs a query, and nobody has that many by mistake. */
const unknownKeysPerMinute = 60;

/** Tells from a request's headers who is calling: a session token or an API key, never both. */
export function createAuthenticator(options: { principals: Principals; sessionTokens: SessionTokens }): Authenticator {
  const { principals, sessionTokens } = options;
  const unknownKeys = new RateLimiterMemory({ points: unknownKeysPerMinute, duration: 60 });

  // Nothing here takes longer the more of a key is right: it is looked up by its SHA-256, in memory and in Postgres, and
  // the checksum before it is no secret.
  const byApiKey = async (key: string, request: Request): Promise<Principal> => {
    if (!isApiKey(key)) throw refusal('The API key is not complete or has a typing error.');
    const keyHash = hashApiKey(key);
    const address = addressOf(request);
    if (!principals.hasApiKey(keyHash)) await refuseGuessing(unknownKeys, address);
    const state = await principals.ofApiKey(keyHash);
    if (state === null || hasExpired(state)) {
      await unknownKeys.penalty(address, 1);
      throw refusal('There is no such API key, or it has expired or been revoked.');
    }
    return admitKey(state, request);
  };

  const admitKey = (state: PrincipalState, request: Request): Principal => {
    const exactAddress = exactAddressOf(request);
    if (state.allowedAddresses?.includes(exactAddress) === false) {
      throw new ApiError('forbidden', { detail: `This API key may not be used from ${exactAddress}.` });
    }
    const principal = admit(state);
    if (principal.apiKey !== null) principals.noteKeyUse(principal.apiKey.id, exactAddress);
    return principal;
  };

  const bySession = async (token: string): Promise<Principal> => {
    const state = await principals.ofUser(await sessionTokens.verify(token));
    if (state === null) throw refusal('There is no such account.');
    return admit(state);
  };

  return {
    async authenticate(request) {
      const credential = readCredential(request);
      if (credential === null) return null;
      if (credential.isKey || credential.value.startsWith('base_')) return byApiKey(credential.value, request);
      return bySession(credential.value);
    },
    async admitGranted(grant, request) {
      const state = await principals.ofGranted(grant);
      if (state === null || hasExpired(state)) throw refusal('Whoever made the token is not known any more.');
      return grant.apiKeyId === null ? admit(state) : admitKey(state, request);
    },
    forget: (changes) => principals.forget(changes),
  };
}

function hasExpired({ principal }: PrincipalState): boolean {
  const expiresAt = principal.apiKey?.expiresAt ?? null;
  return expiresAt !== null && expiresAt.getTime() <= Date.now();
}

function admit({ principal, isActive, organizationActive }: PrincipalState): Principal {
  if (!isActive) throw new ApiError('account_inactive', { detail: 'Ask an administrator of your organization.' });
  if (!organizationActive) throw new ApiError('organization_inactive', { detail: 'Write to support.' });
  return principal;
}

function readCredential(request: Request): { value: string; isKey: boolean } | null {
  const { authorization } = request.headers;
  const apiKey = request.headers['x-api-key'];
  if (authorization === undefined && apiKey === undefined) return null;
  if (apiKey !== undefined) {
    const bearer = authorization === undefined ? null : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (typeof apiKey !== 'string' || apiKey === '') throw refusal('X-API-Key is empty.');
    if (bearer !== null && bearer !== apiKey) {
      throw refusal('Send either Authorization or X-API-Key, not two different credentials.');
    }
    return { value: apiKey, isKey: true };
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw refusal('Authorization must be `Bearer <session token or API key>`.');
  return { value: token, isKey: false };
}

async function refuseGuessing(limiter: RateLimiterMemory, address: string): Promise<void> {
  const state: RateLimiterRes | null = await limiter.get(address);
  if (state === null || state.consumedPoints < unknownKeysPerMinute) return;
  const resetSeconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000));
  throw new ApiError('rate_limited', {
    detail: 'Too many unknown API keys from this address.',
    retryAfterSeconds: resetSeconds,
    figures: { limit: unknownKeysPerMinute, remaining: 0, reset_seconds: resetSeconds, policy: 'unknown-keys' },
  });
}

function refusal(detail: string): ApiError {
  return new ApiError('unauthenticated', { detail });
}
