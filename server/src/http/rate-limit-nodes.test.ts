import { randomUUID } from 'node:crypto';
import { createLogger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeKey, makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import type { Consumption, Limit } from './limits.ts';
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

interface Storm {
  /** Which of the limits refused each request; null: it was allowed. */
  outcomes: (number | null)[];
  /** Of each limit, what Redis has counted. */
  counted: number[];
}

/**
 * All nodes at once, each with several requests in flight, again and again. Over again with other counters when a node did
 * not get its answer from Redis in time, because it was this process that stood still: such a node counts by itself.
 */
async function storm(makeLimits: (scope: string) => Limit[][], requestsPerNode: number): Promise<Storm> {
  const once = async (): Promise<Storm | null> => {
    const limits = makeLimits(`ratelimit:{${randomUUID()}}`);
    const found = await Promise.all(nodes.map((node, index) => sendAll(node, limits[index] ?? [], requestsPerNode)));
    const consumptions = found.flat();
    const isShared = ({ counters }: Consumption, node: number) =>
      counters.every(({ limit }, index) => limit.limit === limits[node]?.[index]?.limit);
    if (!found.every((ofNode, node) => ofNode.every((consumption) => isShared(consumption, node)))) return null;
    const keys = [...new Set(limits.flat().map(({ key }) => key))];
    const counted = await Promise.all(keys.map(async (key) => Number((await api.deps.redis.get(key)) ?? 0)));
    return { outcomes: consumptions.map(({ exceeded }) => exceeded), counted };
  };
  return until('a storm in which Redis answers in time', once);
}

async function sendAll(node: RateLimiter, limits: readonly Limit[], count: number): Promise<Consumption[]> {
  const answers: Consumption[] = [];
  const inFlight = 4;
  const sender = async (): Promise<void> => {
    for (let sent = 0; sent < count / inFlight; sent += 1) answers.push(await node.consume(limits));
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
  return answers;
}

const allowedOf = ({ outcomes }: Storm) => outcomes.filter((exceeded) => exceeded === null).length;

describe('twenty nodes', () => {
  it('let exactly an organization’s limit through together', async () => {
    const makeLimits = (scope: string): Limit[][] =>
      nodes.map(() => [{ policy: 'plan-minute', key: `${scope}:minute`, limit: 600, windowSeconds: 60 }]);
    const result = await storm(makeLimits, 60);
    expect(result.outcomes).toHaveLength(nodesCount * 60);
    expect(allowedOf(result)).toBe(600);
    expect(result.counted).toEqual([600]);
  });

  it('take nothing from the other limits for a request that one of them refuses', async () => {
    const makeLimits = (scope: string): Limit[][] =>
      nodes.map((_, index) => [
        { policy: 'plan-day', key: `${scope}:day`, limit: 10_000, windowSeconds: 86_400 },
        { policy: 'plan-minute', key: `${scope}:minute`, limit: 200, windowSeconds: 60 },
        // Half of the keys are narrower than their share of the plan, so that both kinds of limits refuse.
        { policy: 'key-minute', key: `${scope}:key:${index}`, limit: index % 2 === 0 ? 5 : 100, windowSeconds: 60 },
      ]);
    const result = await storm(makeLimits, 40);
    expect(new Set(result.outcomes)).toEqual(new Set([null, 1, 2]));
    expect(allowedOf(result)).toBe(200);
    const [day, minute, ...ofKeys] = result.counted;
    expect([day, minute]).toEqual([200, 200]);
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
