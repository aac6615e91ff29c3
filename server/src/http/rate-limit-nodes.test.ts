import { randomUUID } from 'node:crypto';
import { createLogger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeKey, makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import type { Limit } from './limits.ts';
import { createRateLimiter, type RateLimiter } from './rate-limit.ts';

const nodesCount = 20;

let api: TestApi;
let nodes: RateLimiter[];
beforeAll(async () => {
  api = await startApi();
  const log = createLogger({ level: 'silent', process: 'test' });
  nodes = Array.from({ length: nodesCount }, () =>
    createRateLimiter({
      redisUrl: inject('stack').redis_url,
      log,
      metrics: createMetrics({ process: 'test', withDefaults: false }),
    }),
  );
  const probe: Limit = { policy: 'probe', key: `ratelimit:{${randomUUID()}}`, limit: 100_000, windowSeconds: 60 };
  // Until its connection stands, a node counts by itself, with half the limit.
  const isConnected = async (node: RateLimiter) =>
    (await node.consume([probe])).counters[0]?.limit.limit === probe.limit;
  await until('all nodes count in Redis', async () => (await Promise.all(nodes.map(isConnected))).every(Boolean));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
});

/** All nodes at once, each with several requests in flight, again and again. Gives which limit refused each request. */
async function storm(limitsOfNode: (node: number) => Limit[], requestsPerNode: number): Promise<(number | null)[]> {
  const outcomes: (number | null)[] = [];
  const inFlight = 4;
  const work = nodes.flatMap((node, index) =>
    Array.from({ length: inFlight }, async () => {
      for (let count = 0; count < requestsPerNode / inFlight; count += 1) {
        outcomes.push((await node.consume(limitsOfNode(index))).exceeded);
      }
    }),
  );
  await Promise.all(work);
  return outcomes;
}

const countOf = async (limit: Limit) => Number((await api.deps.redis.get(limit.key)) ?? 0);

describe('twenty nodes', () => {
  it('let exactly an organization’s limit through together', async () => {
    const limit: Limit = {
      policy: 'plan-minute',
      key: `ratelimit:{${randomUUID()}}:minute`,
      limit: 600,
      windowSeconds: 60,
    };
    const outcomes = await storm(() => [limit], 60);
    expect(outcomes).toHaveLength(nodesCount * 60);
    expect(outcomes.filter((exceeded) => exceeded === null)).toHaveLength(600);
    expect(await countOf(limit)).toBe(600);
  });

  it('take nothing from the other limits for a request that one of them refuses', async () => {
    const scope = `ratelimit:{${randomUUID()}}`;
    const day: Limit = { policy: 'plan-day', key: `${scope}:day`, limit: 10_000, windowSeconds: 86_400 };
    const minute: Limit = { policy: 'plan-minute', key: `${scope}:minute`, limit: 200, windowSeconds: 60 };
    const keys = Array.from({ length: nodesCount }, (_, index): Limit => {
      // Some keys are narrower than their share of the plan, so both kinds of limits refuse.
      return {
        policy: 'key-minute',
        key: `${scope}:key:${index}`,
        limit: index % 2 === 0 ? 5 : 100,
        windowSeconds: 60,
      };
    });
    const outcomes = await storm((node) => [day, minute, keys[node] ?? day], 40);
    const allowed = outcomes.filter((exceeded) => exceeded === null).length;
    expect(new Set(outcomes)).toEqual(new Set([null, 1, 2]));
    expect(allowed).toBe(200);
    expect(await countOf(minute)).toBe(200);
    expect(await countOf(day)).toBe(200);
    const ofKeys = await Promise.all(keys.map(countOf));
    expect(ofKeys.reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(ofKeys.filter((_, index) => index % 2 === 0).every((count) => count <= 5)).toBe(true);
  });
});

it('a changed plan or limit holds within seconds on a node that knows the caller already', async () => {
  const other = await startApi();
  try {
    const tenant = await makeTenant(api, { plan: 'starter' });
    const { rows } = await api.deps.pool.query(
      `select id, (limits->>'api_requests_per_minute')::int as per_minute from plans where 'api_access' = any (features)
       and (limits->>'api_requests_per_minute')::int > 0 order by 2`,
    );
    const [small, large] = [rows[0], rows.at(-1)] as { id: string; per_minute: number }[]; // the columns selected above
    if (small === undefined || large === undefined) throw new Error('no plans with keys');
    const change = (fields: string, value: string) =>
      api.deps.pool.query(`update organizations set ${fields} = $1 where id = $2`, [value, tenant.organizationId]);
    await change('plan_id', small.id);
    api.deps.authenticator.forget([{ kind: 'organization', id: tenant.organizationId }]);
    const key = await makeKey(api, tenant);
    const limitSeen = async () => {
      const answer = await other.call('GET', '/api/v1/models', { token: key });
      return Number(/"plan-minute";q=(\d+)/.exec(answer.headers.get('ratelimit-policy') ?? '')?.[1]);
    };
    const within = { timeoutMs: 5_000, intervalMs: 200 };
    expect(await limitSeen()).toBe(small.per_minute);
    await change('plan_id', large.id);
    await until('the larger plan holds', async () => (await limitSeen()) === large.per_minute, within);
    await change('custom_limits', '{"api_requests_per_minute": 2}');
    await until('the limit of its own holds', async () => (await limitSeen()) === 2, within);
    // More than two have been counted by now, so the new limit refuses at once.
    const refused = await other.call('GET', '/api/v1/models', { token: key });
    expect(refused.body).toMatchObject({ status: 429, limit: 2, policy: 'plan-minute' });
  } finally {
    await other.close();
  }
});
