import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';
import { startProxy, type TcpProxy } from '../../testing/start-proxy.ts';

let proxy: TcpProxy;
let api: TestApi;
beforeAll(async () => {
  const url = new URL(inject('stack').database_url);
  proxy = await startProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  // Supabase has its own way to its database: it stays while ours is away.
  api = await startApi({ DATABASE_URL: url.href });
});
afterAll(async () => {
  proxy.restore();
  await api.close();
  await proxy.close();
});

const password = 'correct horse battery';
let address = 0;
// Each call from an address of its own: sign-in is limited to 20 a minute per address.
function post(path: string, body: unknown, token?: string): Promise<Answer> {
  address += 1;
  return api.call('POST', `/api/v1/auth${path}`, {
    body,
    headers: { 'x-forwarded-for': `10.12.${address >> 8}.${address & 255}` },
    ...(token === undefined ? {} : { token }),
  });
}

it('opens no session that the audit log does not know: while Postgres hangs or is gone a login is answered 503', async () => {
  const email = `${randomUUID()}@people.test`;
  const made = await post('/register', { email, password });
  expect(made.status, made.text).toBe(201);
  // A wrong password is no exception: the failed attempt could not be recorded either.
  const outages: [() => void, string[]][] = [
    [proxy.freeze, [password]],
    [proxy.cut, [password, 'wrong']],
  ];
  let token = '';
  for (const [fail, passwords] of outages) {
    fail();
    for (const given of passwords) {
      const answer = await post('/login', { email, password: given });
      expect(answer.body).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(answer.body).not.toHaveProperty('access_token');
    }
    proxy.restore();
    const logIn = async (): Promise<number> => {
      const { status, body } = await post('/login', { email, password });
      token = String(body.access_token);
      return status;
    };
    await expect.poll(logIn, { timeout: 15_000 }).toBe(200);
  }
  const log = await api.call('GET', '/api/v1/audit-logs?action=user.logged_in&limit=1000', { token });
  const { data } = log.body as { data: { outcome: string }[] }; // validated against the declared schema by the HTTP layer
  // What was sent into the silence may be recorded after all; the two sessions that were given must be.
  expect(data.length).toBeGreaterThanOrEqual(2);
  expect(data.every(({ outcome }) => outcome === 'success')).toBe(true);
});
