import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { makeKey, makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import { startProxy, type TcpProxy } from '../testing/start-proxy.ts';

let proxy: TcpProxy;
let api: TestApi;
let key: string;
beforeAll(async () => {
  const redis = new URL(inject('stack').redis_url);
  proxy = await startProxy({ host: redis.hostname, port: Number(redis.port) });
  api = await startApi({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  await vi.waitFor(() => expect(api.deps.redis.status).toBe('ready'));
  const tenant = await makeTenant(api, { plan: 'professional' });
  key = await makeKey(api, tenant);
});
afterAll(async () => {
  await api.close();
  await proxy.close();
});

const call = async () => {
  const startedAt = performance.now();
  const answer = await api.call('GET', '/api/v1/models', { token: key });
  return { answer, ms: performance.now() - startedAt };
};
const memoryPolicy = /"plan-minute";q=30;w=60/;
const redisPolicy = /"plan-minute";q=60;w=60/;
const policyOf = async () => (await call()).answer.headers.get('ratelimit-policy');

it('answers while Redis is frozen, waiting for it twice at most, with half the limit, and comes back by itself', async () => {
  await expect.poll(policyOf).toMatch(redisPolicy);
  proxy.freeze();
  const waits = [];
  for (let index = 0; index < 6; index += 1) {
    const { answer, ms } = await call();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ratelimit-policy')).toMatch(memoryPolicy);
    waits.push(ms);
  }
  expect(Math.max(...waits)).toBeLessThan(600);
  expect(waits.filter((ms) => ms > 150).length).toBeLessThanOrEqual(3);
  proxy.restore();
  await expect.poll(policyOf, { timeout: 15_000, interval: 200 }).toMatch(redisPolicy);
});

it('still limits, at once and by this node’s share, while Redis is gone', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const limited = await makeKey(api, tenant, { requests_per_minute: 10 });
  proxy.cut();
  const statuses = [];
  for (let index = 0; index < 8; index += 1) {
    statuses.push((await api.call('GET', '/api/v1/models', { token: limited })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  const ready = await api.call('GET', '/api/health/ready');
  expect(ready.status).toBe(200);
  expect(ready.body).toMatchObject({ status: 'degraded', postgres: { state: 'up' }, redis: { state: 'down' } });
  proxy.restore();
  await expect
    .poll(async () => (await api.call('GET', '/api/health/ready')).body.status, { timeout: 15_000 })
    .toBe('ready');
});
