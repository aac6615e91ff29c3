import { createSecretKey } from 'node:crypto';
import type { Config } from '@base/shared/config/env-schema';
import * as z from 'zod';
import { createPublishedKeys } from './published-keys.ts';
import { refuseSession, type SessionIssuer } from './session-issuer.ts';

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

/** Supabase Auth: HS256 with the project's secret, or ES256/RS256 with its published keys. */
export function createSupabaseIssuer(config: Pick<Config, 'SUPABASE_URL' | 'SUPABASE_JWT_SECRET'>): SessionIssuer {
  const iss = `${config.SUPABASE_URL.replace(/\/+$/, '')}/auth/v1`;
  const secret = config.SUPABASE_JWT_SECRET === undefined ? null : createSecretKey(config.SUPABASE_JWT_SECRET, 'utf8');
  const findPublishedKey = createPublishedKeys(`${iss}/.well-known/jwks.json`);
  return {
    iss,
    audience: 'authenticated',
    async findKey(header) {
      if (!header.alg.startsWith('HS')) return findPublishedKey(header);
      if (secret === null) throw refuseSession('Tokens signed with a shared secret are not accepted here.');
      return { key: secret, algorithm: 'HS256' };
    },
    readUser(payload, algorithm) {
      const parsed = claimsSchema.safeParse(payload);
      if (!parsed.success) throw refuseSession('The token is not the session of a person.', parsed.error);
      const claims = parsed.data;
      if (claims.is_anonymous === true) throw refuseSession('Anonymous sessions are not accepted.');
      // Older projects sign with the secret and name no issuer.
      const named = algorithm === 'HS256' ? (claims.iss ?? iss) : claims.iss;
      if (named !== iss) throw refuseSession('The session token is not valid here.');
      return {
        userId: claims.sub.toLowerCase(),
        email: claims.email,
        fullName: claims.user_metadata?.full_name ?? null,
        expiresAt: claims.exp,
      };
    },
  };
}
