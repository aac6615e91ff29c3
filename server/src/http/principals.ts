import { planLimits, roles, scopes } from '@base/shared/contracts/accounts';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import * as z from 'zod';
import { type AllowedAddresses, createAllowedAddresses } from './allowed-addresses.ts';
import { createKeyUses, type KeyUses } from './key-uses.ts';
import type { Principal } from './principal.ts';
import { within } from './within.ts';

/**
 * Who is calling, from Postgres, remembered in this process. What changes is dropped within a second by the change
 * feed (see change-feed.ts); while the feed does not get through, entries older than two seconds are not trusted.
 * Concurrent misses for one principal share one query, so that a page's ten first calls cost one.
 */
const cachedMax = 20_000;
// A minute bounds what the feed could miss.
const cachedMs = 60_000;
const refusalMs = 5_000;
const distrustedAfterMs = 2_000;
const queryTimeoutMs = 4_000;

const grantedKeySql =
  'select * from public.authenticate_api_key((select k.key_hash from public.api_keys k where k.id = $1))';

const rowSchema = z.object({
  user_id: z.string(),
  organization_id: z.string(),
  email: z.string(),
  role: z.enum(roles),
  is_active: z.boolean(),
  organization_active: z.boolean(),
  plan_id: z.string(),
  limits: planLimits,
  features: z.array(z.string()),
  api_key_id: z.string().nullable(),
  scopes: z.array(z.enum(scopes)).nullable(),
  key_requests_per_minute: z.number().nullable(),
  key_requests_per_day: z.number().nullable(),
  key_expires_at: z.date().nullable(),
  // Of keys only.
  key_monthly_credit_budget: z.number().nullish(),
  key_allowed_ips: z.array(z.string()).nullish(),
});

/** A principal that may be refused: an account switched off is known, and told so. */
export interface PrincipalState {
  principal: Principal;
  isActive: boolean;
  organizationActive: boolean;
  /** Where the key may be used from; null: anywhere. */
  allowedAddresses: AllowedAddresses | null;
}

interface Entry {
  /** Null: there is no such key. */
  state: PrincipalState | null;
  fetchedAt: number;
}

export interface Change {
  kind: string;
  id: string | null;
}

export interface Principals {
  ofUser(user: { userId: string; email: string; fullName: string | null }): Promise<PrincipalState | null>;
  /** `keyHash` is the SHA-256 in hex. */
  ofApiKey(keyHash: string): Promise<PrincipalState | null>;
  /** By ids that we wrote down ourselves, so nobody is made an account for; null once the key or its maker is gone. */
  ofGranted(grant: { userId: string; apiKeyId: string | null }): Promise<PrincipalState | null>;
  /** Notes that a key was used from an address; nobody waits for it. */
  noteKeyUse: KeyUses['note'];
  /** Whether an answer for the key is at hand, so that asking costs no query. */
  hasApiKey(keyHash: string): boolean;
  /** Drops what the changes concern, here and now. */
  forget(changes: readonly Change[]): void;
}

export function createPrincipals(options: {
  pool: Pool;
  /** Milliseconds since the change feed last got through. */
  feedAgeMs: () => number;
}): Principals {
  const { pool, feedAgeMs } = options;
  const cache = new LRUCache<string, Entry>({ max: cachedMax, ttl: cachedMs });
  const underWay = new Map<string, Promise<PrincipalState | null>>();
  // Grows with every change: an answer asked for before a change is given, but not kept.
  let version = 0;
  const keyUses = createKeyUses(pool);

  const isTrusted = (entry: Entry): boolean =>
    feedAgeMs() <= distrustedAfterMs || performance.now() - entry.fetchedAt <= distrustedAfterMs;

  const find = (key: string, sql: string, values: unknown[]): Promise<PrincipalState | null> => {
    const entry = cache.get(key);
    if (entry !== undefined && isTrusted(entry)) return Promise.resolve(entry.state);
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const startedAt = performance.now();
    const startedIn = version;
    // Everybody waits for this answer, so it must come or fail: a database that hangs answers 503, not nothing.
    const query = within(queryTimeoutMs, pool.query(sql, values))
      .then(({ rows }) => {
        const state = toState(rows[0]);
        const ttl = state === null ? refusalMs : cachedMs;
        if (version === startedIn) cache.set(key, { state, fetchedAt: startedAt }, { ttl });
        return state;
      })
      .finally(() => {
        if (underWay.get(key) === query) underWay.delete(key);
      });
    underWay.set(key, query);
    return query;
  };

  return {
    ofUser: (user) =>
      find(`user:${user.userId}`, 'select * from public.authenticate_user($1, $2, $3)', [
        user.userId,
        user.email,
        user.fullName,
      ]),
    ofApiKey: (keyHash) => find(`key:${keyHash}`, 'select * from public.authenticate_api_key($1)', [keyHash]),
    ofGranted: ({ userId, apiKeyId }) =>
      apiKeyId === null
        ? find(`granted:${userId}`, 'select * from private.principal_row($1, null)', [userId])
        : find(`granted-key:${apiKeyId}`, grantedKeySql, [apiKeyId]),
    noteKeyUse: keyUses.note,
    hasApiKey: (keyHash) => cache.has(`key:${keyHash}`),
    forget(changes) {
      if (changes.length === 0) return;
      version += 1;
      underWay.clear();
      const everything = changes.some((change) => change.kind === 'catalog');
      const ids = new Set(changes.map((change) => change.id));
      for (const [key, { state }] of cache.entries()) {
        if (everything || state === null || concerns(state.principal, ids)) cache.delete(key);
      }
    },
  };
}

function concerns(principal: Principal, ids: ReadonlySet<string | null>): boolean {
  return (
    ids.has(principal.userId) ||
    ids.has(principal.organizationId) ||
    (principal.apiKey !== null && ids.has(principal.apiKey.id))
  );
}

function toState(row: unknown): PrincipalState | null {
  if (row === undefined) return null;
  const found = rowSchema.parse(row);
  return {
    isActive: found.is_active,
    organizationActive: found.organization_active,
    allowedAddresses: found.key_allowed_ips ? createAllowedAddresses(found.key_allowed_ips) : null,
    principal: Object.freeze({
      kind: found.api_key_id === null ? 'user' : 'api_key',
      userId: found.user_id,
      email: found.email,
      organizationId: found.organization_id,
      role: found.role,
      planId: found.plan_id,
      limits: found.limits,
      features: found.features,
      scopes: found.scopes,
      apiKey:
        found.api_key_id === null
          ? null
          : {
              id: found.api_key_id,
              requestsPerMinute: found.key_requests_per_minute,
              requestsPerDay: found.key_requests_per_day,
              monthlyCreditBudget: found.key_monthly_credit_budget ?? null,
              allowedIps: found.key_allowed_ips ?? null,
              expiresAt: found.key_expires_at,
            },
    } satisfies Principal),
  };
}
