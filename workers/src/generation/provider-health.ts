import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Metrics } from '@base/shared/metrics/metrics';
import type { Redis } from 'ioredis';

/**
 * Circuit breaker and cool-down of each provider key, shared by the fleet through Redis. Without Redis nobody is held
 * back: it protects providers and latency, not money.
 */
export interface ProviderHealth {
  /** @returns milliseconds to wait before the next paid call with this key; 0 when it may be made now. */
  waitMs(scope: string): Promise<number>;
  /** Tells how a paid call went: null when the provider took it. */
  report(scope: string, failure: { code: JobErrorCode; retryAfterMs?: number } | null): void;
}

/** Failures in a row, by the whole fleet, after which the provider is left alone. */
const failuresMax = 5;
const windowMs = 300_000;
const firstPauseMs = 5_000;
const longestPauseMs = 60_000;
/** One caller at a time tries whether the provider is back. */
const probeMs = 10_000;
const throttledMs = 2_000;

const script = readFileSync(path.join(import.meta.dirname, 'provider-health.lua'), 'utf8');

/** What says that the provider as a whole is in trouble, or will not take this key. */
const troubles: ReadonlySet<JobErrorCode> = new Set([
  'provider_unavailable',
  'provider_auth',
  'provider_billing',
  'outcome_unknown',
]);

/** The key that a job's calls are paid with: the platform's, or its organization's own. */
export function scopeOf(provider: string, ownKeyOf: string | null): string {
  return ownKeyOf === null ? provider : `${provider}:${ownKeyOf}`;
}

function providerOf(scope: string): string {
  return scope.split(':')[0] ?? scope;
}

export function createProviderHealth(redis: Redis, prefix: string, metrics: Metrics): ProviderHealth {
  const keysOf = (scope: string) => ['pause', 'failures', 'probe'].map((name) => `${prefix}:health:${scope}:${name}`);
  const run = (scope: string, command: string, ...values: number[]): Promise<unknown> =>
    redis.status === 'ready'
      ? redis.eval(script, 3, ...keysOf(scope), command, ...values)
      : Promise.reject(new Error('Redis is not there'));
  /** Scopes with failures on record, so that successes of healthy ones need no word to Redis. */
  const troubled = new Set<string>();

  return {
    async waitMs(scope) {
      try {
        const [waitMs, failures] = (await run(scope, 'ask', failuresMax, probeMs)) as [number, number]; // as the script returns
        if (failures > 0) troubled.add(scope);
        if (waitMs > 0) metrics.providerHeldBack.inc({ provider: providerOf(scope) });
        return waitMs;
      } catch {
        return 0;
      }
    },
    report(scope, failure) {
      if (failure?.code === 'provider_rate_limited') {
        run(scope, 'throttled', failure.retryAfterMs ?? throttledMs).catch(() => {});
      } else if (failure && troubles.has(failure.code)) {
        troubled.add(scope);
        const pauses = [failure.retryAfterMs ?? 0, windowMs, failuresMax, firstPauseMs, longestPauseMs];
        run(scope, 'failed', ...pauses).catch(() => {});
      } else if (troubled.delete(scope)) {
        // Refusing an input is a sign of life too.
        run(scope, 'recovered').catch(() => {});
      }
    },
  };
}
