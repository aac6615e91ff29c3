import { readFileSync } from 'node:fs';
import { ApiError } from '@base/shared/errors/api-error';
import type { Logger } from '@base/shared/log/logger';
import type { Metrics } from '@base/shared/metrics/metrics';
import { Redis } from 'ioredis';
import type { Consumption, Limit } from './limits.ts';
import { createMemoryLimits } from './memory-limits.ts';
import { within } from './within.ts';

export interface RateLimiter {
  /**
   * Counts one request against all limits, or against none when one of them is used up. Never fails and never waits
   * longer than 250 ms: while Redis does not answer, this node counts by itself with its share of each limit.
   */
  consume(limits: readonly Limit[]): Promise<Consumption>;
  close(): Promise<void>;
}

const script = readFileSync(new URL('./consume-limits.lua', import.meta.url), 'utf8');
const redisTimeoutMs = 250;
const failuresMax = 2;
const breakMs = 1_000;

interface LimiterRedis extends Redis {
  consumeLimits(numberOfKeys: number, ...keysAndArguments: (string | number)[]): Promise<number[]>;
}

export function createRateLimiter(options: { redisUrl: string; log: Logger; metrics: Metrics }): RateLimiter {
  const { log, metrics } = options;
  const redis = connect(options.redisUrl, log);
  const memory = createMemoryLimits();
  let failures = 0;
  let brokenUntil = 0;

  const viaRedis = async (limits: readonly Limit[]): Promise<Consumption> => {
    const keys = limits.map((limit) => limit.key);
    const values = limits.flatMap((limit) => [limit.limit, limit.windowSeconds * 1000]);
    return readReply(limits, await within(redisTimeoutMs, redis.consumeLimits(keys.length, ...keys, ...values)));
  };

  const consume = async (limits: readonly Limit[]): Promise<Consumption> => {
    const now = performance.now();
    if (redis.status !== 'ready' || now < brokenUntil) return memory.consume(limits);
    // Past the break one request tries again; the others do not wait for it to find out.
    if (failures >= failuresMax) brokenUntil = now + breakMs;
    try {
      const consumption = await viaRedis(limits);
      if (failures >= failuresMax) log.info('rate limits are counted in Redis again');
      failures = 0;
      brokenUntil = 0;
      return consumption;
    } catch (error) {
      failures += 1;
      if (failures >= failuresMax) brokenUntil = performance.now() + breakMs;
      if (failures === failuresMax) {
        log.warn({ err: error }, 'Redis does not answer: rate limits are counted in this process');
      }
      return memory.consume(limits);
    }
  };

  return {
    async consume(limits) {
      if (limits.length === 0) return { counters: [], exceeded: null };
      const store = redis.status === 'ready' && performance.now() >= brokenUntil ? 'redis' : 'memory';
      const consumption = await consume(limits);
      metrics.rateLimitDecisions.inc({ store, outcome: consumption.exceeded === null ? 'allowed' : 'refused' });
      return consumption;
    },
    async close() {
      redis.disconnect();
    },
  };
}

function connect(redisUrl: string, log: Logger): LimiterRedis {
  const redis = new Redis(redisUrl, {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: redisTimeoutMs,
    // A frozen server keeps its sockets open; without this the queue behind the first command would only grow.
    socketTimeout: 5_000,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2_000),
    connectionName: 'base-rate-limit',
  });
  redis.on('error', (error: Error) => log.debug({ err: error }, 'rate limit connection'));
  redis.defineCommand('consumeLimits', { lua: script });
  return redis as LimiterRedis; // defineCommand has just added the method
}

function readReply(limits: readonly Limit[], reply: readonly number[]): Consumption {
  const exceeded = reply[0] ?? 0;
  return {
    exceeded: exceeded === 0 ? null : exceeded - 1,
    counters: limits.map((limit, index) => ({
      limit,
      used: reply[1 + 2 * index] ?? 0,
      resetSeconds: Math.max(1, Math.ceil((reply[2 + 2 * index] ?? 0) / 1000)),
    })),
  };
}

/** The headers of a limited answer: the draft's two, and the older three for the tightest limit. */
export function rateLimitHeaders({ counters, exceeded }: Consumption): Record<string, string> {
  const tightest = exceeded === null ? findTightest(counters) : counters[exceeded];
  if (tightest === undefined) return {};
  const { limit, resetSeconds } = tightest;
  const remaining = exceeded === null ? remainingOf(tightest) : 0;
  return {
    'RateLimit-Policy': counters.map(({ limit: l }) => `"${l.policy}";q=${l.limit};w=${l.windowSeconds}`).join(', '),
    RateLimit: `"${limit.policy}";r=${remaining};t=${resetSeconds}`,
    'X-RateLimit-Limit': String(limit.limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(resetSeconds),
  };
}

/** @throws ApiError rate_limited when one of the limits is used up */
export function refuseExceeded({ counters, exceeded }: Consumption): void {
  const counter = exceeded === null ? undefined : counters[exceeded];
  if (counter === undefined) return;
  const { limit, resetSeconds } = counter;
  throw new ApiError('rate_limited', {
    detail: `${limit.limit} requests per ${limit.windowSeconds} seconds are used up; try again in ${resetSeconds} s.`,
    retryAfterSeconds: resetSeconds,
    figures: { limit: limit.limit, remaining: 0, reset_seconds: resetSeconds, policy: limit.policy },
  });
}

function remainingOf(counter: Consumption['counters'][number]): number {
  return Math.max(0, counter.limit.limit - counter.used);
}

function findTightest(counters: Consumption['counters']): Consumption['counters'][number] | undefined {
  return counters.reduce<Consumption['counters'][number] | undefined>(
    (best, next) => (best === undefined || remainingOf(next) < remainingOf(best) ? next : best),
    undefined,
  );
}
