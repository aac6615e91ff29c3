import { randomUUID } from 'node:crypto';
import { createMetrics } from '@base/shared/metrics/metrics';
import { openRequestRedis } from '@base/shared/queue/connection';
import { until } from '@base/shared/testing/until';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createProviderHealth, scopeOf } from './provider-health.ts';

let redis: Redis;
const metrics = createMetrics({ process: 'test', withDefaults: false });
const prefix = `{health-${randomUUID()}}`;

beforeAll(async () => {
  redis = openRequestRedis(inject('stack').redis_url, () => {});
  await until('Redis is connected', () => redis.status === 'ready');
});
afterAll(() => redis.disconnect());

const newScope = () => scopeOf('provider', randomUUID());
/** Two processes of the fleet. */
const two = () => [createProviderHealth(redis, prefix, metrics), createProviderHealth(redis, prefix, metrics)] as const;
const unavailable = { code: 'provider_unavailable' } as const;

describe('the health of a provider key', () => {
  it('keeps the whole fleet away for as long as the provider asks', async () => {
    const [one, other] = two();
    const scope = newScope();
    expect(await other.waitMs(scope)).toBe(0);
    one.report(scope, { code: 'provider_rate_limited', retryAfterMs: 30_000 });
    await until('the other process waits', async () => (await other.waitMs(scope)) > 25_000);
    expect(await other.waitMs(newScope())).toBe(0);
  });

  it('opens after failures in a row, lets one call try, and closes when that succeeds', async () => {
    const [one, other] = two();
    const scope = newScope();
    for (let failures = 0; failures < 4; failures += 1) one.report(scope, unavailable);
    await until('four failures are known', async () => (await redis.get(`${prefix}:health:${scope}:failures`)) === '4');
    expect(await other.waitMs(scope)).toBe(0);
    one.report(scope, unavailable);
    await until('the breaker is open', async () => (await other.waitMs(scope)) > 0);

    await redis.del(`${prefix}:health:${scope}:pause`);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? one : other).waitMs(scope)));
    expect(answers.filter((waitMs) => waitMs === 0)).toHaveLength(1);
    other.report(scope, null);
    await until(
      'the breaker is closed',
      async () => (await one.waitMs(scope)) === 0 && (await one.waitMs(scope)) === 0,
    );
  });

  it('takes a refused input for a sign of life, and failures with successes between them for none of a breakdown', async () => {
    const [one] = two();
    const scope = newScope();
    for (let round = 0; round < 6; round += 1) {
      one.report(scope, unavailable);
      one.report(scope, { code: 'invalid_input' });
    }
    await until(
      'the last word has arrived',
      async () => (await redis.exists(`${prefix}:health:${scope}:failures`)) === 0,
    );
    expect(await one.waitMs(scope)).toBe(0);
  });

  it('holds nobody back while Redis is away', async () => {
    const away = openRequestRedis('redis://127.0.0.1:1', () => {});
    const health = createProviderHealth(away, prefix, metrics);
    health.report('any', { code: 'provider_rate_limited', retryAfterMs: 60_000 });
    expect(await health.waitMs('any')).toBe(0);
    away.disconnect();
  });
});
