import type { Config } from '@base/shared/config/env-schema';
import { clerkSubject } from '@base/shared/contracts/user-sync';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import * as z from 'zod';
import { createPublishedKeys } from './published-keys.ts';
import { refuseSession, type SessionIssuer } from './session-issuer.ts';

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().regex(clerkSubject),
  exp: z.number(),
  azp: z.string().optional(),
  // Version 2 of the claims: a session is pending while its person still has something to do at Clerk.
  sts: z.string().optional(),
  // Only there when the session token is customized; see docs/guides/sign-in.md.
  email: z.string().max(320).catch(''),
  full_name: z.string().max(1000).optional().catch(undefined),
  name: z.string().max(1000).optional().catch(undefined),
});

/**
 * Clerk: session tokens (https://clerk.com/docs/guides/sessions/session-tokens) signed with its published keys, never with
 * a shared secret. Null where it is not configured.
 */
export function createClerkIssuer(
  config: Pick<Config, 'CLERK_ISSUER' | 'CLERK_AUTHORIZED_PARTIES'>,
): SessionIssuer | null {
  const { CLERK_ISSUER: iss, CLERK_AUTHORIZED_PARTIES: parties } = config;
  if (iss === undefined) return null;
  const findPublishedKey = createPublishedKeys(`${iss}/.well-known/jwks.json`);
  return {
    iss,
    audience: undefined,
    async findKey(header) {
      // Clerk signs access tokens for other applications (`at+jwt`) with the same keys: those are no sessions of ours.
      if (header.typ !== undefined && header.typ.toUpperCase() !== 'JWT') {
        throw refuseSession('The token is not the session of a person.');
      }
      return findPublishedKey(header);
    },
    readUser(payload) {
      const parsed = claimsSchema.safeParse(payload);
      if (!parsed.success) throw refuseSession('The token is not the session of a person.', parsed.error);
      const claims = parsed.data;
      if (claims.iss !== iss) throw refuseSession('The session token is not valid here.');
      if (parties.length > 0 && (claims.azp === undefined || !parties.includes(claims.azp))) {
        throw refuseSession('The session token was made for another application (azp).');
      }
      if (claims.sts === 'pending') throw refuseSession('The session is pending; finish signing in.');
      return {
        userId: clerkUserId(iss, claims.sub),
        email: claims.email,
        fullName: claims.full_name ?? claims.name ?? null,
        expiresAt: claims.exp,
      };
    },
  };
}
