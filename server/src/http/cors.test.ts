import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../testing/start-api.ts';

const listed = ['https://app.test', 'http://localhost:5173'];

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi({ CORS_ORIGINS: [...listed] });
  tenant = await makeTenant(api);
});
afterAll(() => api.close());

const get = (origin: string, path = '/api/v1/models') =>
  api.call('GET', path, { token: tenant.token, headers: { origin } });
const preflight = (origin: string, method: string, headers: string, path = '/api/v1/jobs') =>
  api.call('OPTIONS', path, {
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  });

function expectClosed({ headers }: Answer): void {
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('access-control-allow-credentials')).toBeNull();
  expect(headers.get('vary')).toMatch(/\bOrigin\b/i);
}

describe('an origin on the list', () => {
  it.each(listed)('%s gets itself allowed, without cookies and never as a wildcard', async (origin) => {
    for (const answer of [await get(origin), await get(origin, '/api/v1/nowhere'), await get(origin, '/api/health')]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/i);
    }
  });

  it('may read an answer that refuses, with its retry time', async () => {
    const answer = await api.call('GET', '/api/v1/models', { headers: { origin: 'https://app.test' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.test');
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',') ?? [];
    for (const name of ['X-Request-Id', 'Retry-After', 'RateLimit', 'Idempotent-Replayed', 'Location']) {
      expect(exposed).toContain(name);
    }
  });

  const asked = [
    'authorization',
    'content-type',
    'x-api-key',
    'idempotency-key',
    'prefer',
    'last-event-id',
    'x-request-id',
  ];
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'may send %s with every header that the API reads',
    async (method) => {
      for (const headers of [...asked, asked.join(',')]) {
        const answer = await preflight('https://app.test', method, headers);
        expect(answer.status).toBe(204);
        expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.test');
        expect(answer.headers.get('access-control-allow-methods')?.split(',')).toContain(method);
        expect(answer.headers.get('access-control-allow-headers')?.toLowerCase().split(',')).toEqual(
          headers.split(','),
        );
        expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
        expect(Number(answer.headers.get('access-control-max-age'))).toBeGreaterThan(0);
        expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/i);
      }
    },
  );

  it('has its preflight answered without credentials, before anything is looked up', async () => {
    const path = `/api/v1/jobs/${randomUUID()}/events`;
    const answer = await preflight('https://app.test', 'GET', 'authorization,last-event-id', path);
    expect([answer.status, answer.text]).toEqual([204, '']);
  });
});

describe('an origin that is not on the list', () => {
  const others = {
    'another one': 'https://evil.test',
    'null, as files and sandboxed frames send it': 'null',
    'one that begins like ours': 'https://app.test.evil.test',
    'one that ends like ours': 'https://evilapp.test',
    'a subdomain of ours': 'https://sub.app.test',
    'ours at another port': 'https://app.test:8443',
    'ours at its own port, spelled out': 'https://app.test:443',
    'a local one at another port': 'http://localhost:5174',
    'ours without TLS': 'http://app.test',
    'ours with a slash': 'https://app.test/',
    'ours in capitals': 'HTTPS://APP.TEST',
    'two in one': 'https://app.test, https://evil.test',
    'a wildcard': '*',
    'our own address': 'http://api.test',
  };
  it.each(Object.entries(others))('gets nothing: %s', async (_name, origin) => {
    expectClosed(await get(origin));
    expectClosed(await get(origin, '/api/v1/nowhere'));
    expectClosed(await preflight(origin, 'POST', 'authorization'));
  });
});

it('a list with nothing on it allows nobody, and a wildcard on it means nothing', async () => {
  for (const CORS_ORIGINS of [[], ['*']]) {
    const node = await startApi({ CORS_ORIGINS });
    try {
      for (const origin of ['https://app.test', 'null']) {
        const answer = await node.call('GET', '/api/v1/plans', { headers: { origin } });
        expect(answer.status).toBe(200);
        expectClosed(answer);
      }
    } finally {
      await node.close();
    }
  }
});

it('a request without an origin, as programs send it, is answered the same and may not be cached for browsers', async () => {
  const answer = await api.call('GET', '/api/v1/models', { token: tenant.token });
  expect(answer.status).toBe(200);
  expectClosed(answer);
});
