import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import { startProxy, type TcpProxy } from '../testing/start-proxy.ts';

let proxy: TcpProxy;
let api: TestApi;
beforeAll(async () => {
  const url = new URL(inject('stack').database_url);
  proxy = await startProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  api = await startApi({ DATABASE_URL: url.href });
});
afterAll(async () => {
  proxy.restore();
  await api.close();
  await proxy.close();
});

it('answers 503 while Postgres hangs or is gone, trusts nobody from memory, and comes back by itself', async () => {
  const tenant = await makeTenant(api);
  const call = () => api.call('GET', '/api/v1/models', { token: tenant.token });
  const ready = async () => (await api.call('GET', '/api/health/ready')).status;
  expect((await call()).status).toBe(200);
  for (const fail of [proxy.freeze, proxy.cut]) {
    fail();
    // The list of models needs no database, but who is calling must be known as of now.
    await expect.poll(async () => (await call()).status, { timeout: 15_000 }).toBe(503);
    expect((await call()).headers.get('retry-after')).toBe('5');
    expect(await ready()).toBe(503);
    expect((await api.call('GET', '/api/health')).status).toBe(200);
    proxy.restore();
    await expect.poll(async () => (await call()).status, { timeout: 15_000 }).toBe(200);
    await expect.poll(ready, { timeout: 15_000 }).toBe(200);
  }
});
