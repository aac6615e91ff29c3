import { randomUUID } from 'node:crypto';
import { createLogger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { makeKey, makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import type { Limit } from './limits.ts';
import { createMemoryLimits } from './memory-limits.ts';
import { createRateLimiter, type RateLimiter } from './rate-limit.ts';

let api: TestApi;
let limiter: RateLimiter;
beforeAll(async () => {
  api = await startApi();
  limiter = createRateLimiter({
    redisUrl: inject('stack').redis_url,
    log: createLogger({ level: 'silent', process: 'test' }),
    metrics: createMetrics({ process: 'test', withDefaults: false }),
  });
  const probe: Limit = { policy: 'probe', key: `ratelimit:{${randomUUID()}}`, limit: 1000, windowSeconds: 60 };
  // Until the connection stands, this process counts by itself, with half the limit.
  await vi.waitFor(async () => expect((await limiter.consume([probe])).counters[0]?.limit.limit).toBe(1000));
});
afterAll(async () => {
  await limiter.close();
  await api.close();
});

describe('counting in Redis', () => {
  it('takes from no limit when one of them refuses', async () => {
    const name = randomUUID();
    const narrow: Limit = { policy: 'narrow', key: `ratelimit:{${name}}:a`, limit: 3, windowSeconds: 60 };
    const wide: Limit = { policy: 'wide', key: `ratelimit:{${name}}:b`, limit: 100, windowSeconds: 60 };
    const outcomes = [];
    // The wide limit stands first, so it would be taken from before the narrow one refuses.
    for (let index = 0; index < 6; index += 1) outcomes.push((await limiter.consume([wide, narrow])).exceeded);
    expect(outcomes).toEqual([null, null, null, 1, 1, 1]);
    const after = await limiter.consume([wide]);
    expect(after.counters[0]?.used).toBe(4);
  });

  it('lets exactly the limit through when many come at once', async () => {
    const limit: Limit = { policy: 'p', key: `ratelimit:{${randomUUID()}}`, limit: 50, windowSeconds: 60 };
    const all = await Promise.all(Array.from({ length: 120 }, () => limiter.consume([limit])));
    expect(all.filter((one) => one.exceeded === null)).toHaveLength(50);
  });

  it('begins a new window when the old one has ended', async () => {
    const limit: Limit = { policy: 'p', key: `ratelimit:{${randomUUID()}}`, limit: 1, windowSeconds: 1 };
    expect((await limiter.consume([limit])).exceeded).toBeNull();
    await expect.poll(async () => (await limiter.consume([limit])).exceeded, { timeout: 3_000 }).toBeNull();
  });
});

describe('counting in this process', () => {
  it('lets exactly this node’s share through when many come at once', async () => {
    const limit: Limit = { policy: 'p', key: 'k', limit: 50, windowSeconds: 60 };
    const { consume } = createMemoryLimits();
    const all = await Promise.all(Array.from({ length: 120 }, () => consume([limit])));
    expect(all.filter((one) => one.exceeded === null)).toHaveLength(25);
  });
});

describe('what clients see', () => {
  it('holds an API key to the plan’s limit and says so in headers and problem', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const key = await makeKey(api, tenant, { requests_per_minute: 2 });
    const first = await api.call('GET', '/api/v1/models', { token: key });
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"plan-minute";q=60;w=60, "plan-day";q=20000;w=86400, "key-minute";q=2;w=60',
    );
    expect(first.headers.get('ratelimit')).toMatch(/^"key-minute";r=1;t=\d+$/);
    expect(first.headers.get('x-ratelimit-limit')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    expect(Number(first.headers.get('x-ratelimit-reset'))).toBeLessThanOrEqual(60);

    await api.call('GET', '/api/v1/models', { token: key });
    const refused = await api.call('GET', '/api/v1/models', { token: key });
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'rate_limited', limit: 2, remaining: 0, policy: 'key-minute' });
    expect(refused.headers.get('ratelimit')).toMatch(/^"key-minute";r=0;t=\d+$/);
    expect(Number(refused.headers.get('retry-after'))).toBe(refused.body.reset_seconds);

    // Another key of the organization has used nothing, but shares the plan's minute: 2 and this one are gone.
    const second = await makeKey(api, tenant);
    const other = await api.call('GET', '/api/v1/models', { token: second });
    expect(other.headers.get('ratelimit')).toMatch(/^"plan-minute";r=57;/);
  });

  it('counts people apart from keys, each person for themselves', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const answer = await api.call('GET', '/api/v1/models', { token: tenant.token });
    expect(answer.headers.get('ratelimit-policy')).toBe('"user-minute";q=300;w=60, "organization-minute";q=1200;w=60');
  });

  it('has no limits for a key of an unlimited plan', async () => {
    const tenant = await makeTenant(api, { plan: 'enterprise' });
    const key = await makeKey(api, tenant);
    const answer = await api.call('GET', '/api/v1/models', { token: key });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ratelimit')).toBeNull();
  });

  it('lets an address try to log in 20 times a minute, whatever else it calls', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const attempt = () => api.call('POST', '/api/v1/auth/login', { headers, body: { email: 'x', password: 'y' } });
    const statuses = [];
    for (let index = 0; index < 21; index += 1) statuses.push((await attempt()).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 422), 429]);
    expect((await api.call('GET', '/api/v1/plans', { headers })).status).toBe(200);
  });

  it('believes the last proxy only: an address that a client writes itself changes nothing', async () => {
    const attempt = (index: number) =>
      api.call('POST', '/api/v1/auth/login', {
        headers: { 'x-forwarded-for': `198.51.100.${index}, 203.0.113.10` },
        body: {},
      });
    const statuses = [];
    for (let index = 0; index < 21; index += 1) statuses.push((await attempt(index)).status);
    expect(statuses.at(-1)).toBe(429);
  });
});
