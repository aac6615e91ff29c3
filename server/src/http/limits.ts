import type { Principal } from './principal.ts';

/** One limit that a request counts against: so many requests per window, by a name that clients see. */
export interface Limit {
  policy: string;
  key: string;
  limit: number;
  windowSeconds: number;
}

/** What was counted, limit by limit, and the first limit that refuses. */
export interface Consumption {
  counters: { limit: Limit; used: number; resetSeconds: number }[];
  exceeded: number | null;
}

const minute = 60;
const day = 86_400;
const userPerMinute = 300;
const organizationPerMinuteMin = 600;
/** A page of the SPA makes many calls where a program makes one. */
const sessionsPerApiRequest = 20;
const publicPerMinute = 1_200;
const credentialsPerMinute = 20;

/**
 * The limits of an authenticated request. Programs (API keys) count against the plan's API limits and the key's own;
 * people count against wider ones, so that a page can load. −1 in a plan is unlimited.
 */
export function limitsOf(principal: Principal): Limit[] {
  // The braces keep all counters of an organization in one slot, so that one script may touch them in a cluster.
  const scope = `ratelimit:{${principal.organizationId}}`;
  const perMinute = principal.limits.api_requests_per_minute;
  const { apiKey } = principal;
  if (apiKey === null) {
    const ceiling = Math.max(organizationPerMinuteMin, sessionsPerApiRequest * perMinute);
    return [
      limit('user-minute', `${scope}:user:${principal.userId}`, userPerMinute, minute),
      ...(perMinute === -1 ? [] : [limit('organization-minute', `${scope}:sessions`, ceiling, minute)]),
    ];
  }
  const perDay = principal.limits.api_requests_per_day;
  return [
    ...(perMinute === -1 ? [] : [limit('plan-minute', `${scope}:minute`, perMinute, minute)]),
    ...(perDay === -1 ? [] : [limit('plan-day', `${scope}:day`, perDay, day)]),
    ...(apiKey.requestsPerMinute === null
      ? []
      : [limit('key-minute', `${scope}:key:${apiKey.id}:minute`, apiKey.requestsPerMinute, minute)]),
    ...(apiKey.requestsPerDay === null
      ? []
      : [limit('key-day', `${scope}:key:${apiKey.id}:day`, apiKey.requestsPerDay, day)]),
  ];
}

/** The limit of a request without credentials; `credentials` is the narrow one of sign-in and the like. */
export function limitOfAddress(address: string, kind: 'public' | 'credentials'): Limit {
  const key = `ratelimit:{${address}}:${kind}`;
  return limit(`address-${kind}`, key, kind === 'credentials' ? credentialsPerMinute : publicPerMinute, minute);
}

function limit(policy: string, key: string, count: number, windowSeconds: number): Limit {
  return { policy, key, limit: count, windowSeconds };
}
