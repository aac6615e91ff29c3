import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addMember, makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { type Answer, type CallOptions, startApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api, { plan: 'professional' });
});
afterAll(() => api.close());

const call = (method: string, path: string, options: CallOptions = {}): Promise<Answer> =>
  api.call(method, path, { token: tenant.token, ...options });

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ status, code, type: `http://api.test/api/docs/errors#${code}` });
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
  expect(answer.body.title).toEqual(expect.any(String));
}

describe('requests that are refused', () => {
  it.each<[string, number, string, string, string, CallOptions]>([
    ['an unknown path', 404, 'not_found', 'GET', '/api/v1/nothing', {}],
    ['an unknown path outside the API', 404, 'not_found', 'GET', '/', {}],
    ['an id that is no uuid', 404, 'not_found', 'GET', '/api/v1/generations/one', {}],
    [
      'an id that does not exist',
      404,
      'not_found',
      'GET',
      '/api/v1/generations/0190b3a4-0000-7000-8000-000000000000',
      {},
    ],
    ['another method', 405, 'method_not_allowed', 'PUT', '/api/v1/me', {}],
    ['bad percent-encoding', 400, 'malformed_request', 'GET', '/api/v1/generations/%zz', {}],
    ['a null byte in the path', 404, 'not_found', 'GET', '/api/v1/generations/%00', {}],
    ['a null byte in a query', 422, 'invalid_request', 'GET', '/api/v1/generations?folder=a%00b', {}],
    ['an unknown query field', 422, 'invalid_request', 'GET', '/api/v1/generations?colour=red', {}],
    ['a query where none is taken', 422, 'invalid_request', 'GET', '/api/v1/me?x=1', {}],
    ['a prototype in the query', 422, 'invalid_request', 'GET', '/api/v1/generations?__proto__=1', {}],
    ['a query field twice', 422, 'invalid_request', 'GET', '/api/v1/generations?limit=1&limit=2', {}],
    ['a limit that is too high', 422, 'invalid_request', 'GET', '/api/v1/generations?limit=101', {}],
    ['a bad cursor', 400, 'invalid_cursor', 'GET', '/api/v1/generations?cursor=x', {}],
    ['bad JSON', 400, 'malformed_json', 'PATCH', '/api/v1/me', { body: '{"full_name":' }],
    ['JSON that is no object', 422, 'invalid_request', 'PATCH', '/api/v1/me', { body: '"text"' }],
    ['an empty change', 422, 'invalid_request', 'PATCH', '/api/v1/me', { body: {} }],
    ['an unknown body field', 422, 'invalid_request', 'PATCH', '/api/v1/me', { body: { role: 'super_admin' } }],
    ['a null character', 422, 'invalid_request', 'PATCH', '/api/v1/me', { body: { full_name: 'a\u0000b' } }],
    ['half a surrogate pair', 422, 'invalid_request', 'PATCH', '/api/v1/me', { body: '{"full_name":"\\ud800"}' }],
    [
      'a prototype in the body',
      422,
      'invalid_request',
      'PATCH',
      '/api/v1/me',
      { body: '{"__proto__":{"role":"admin"}}' },
    ],
    [
      'another content type',
      415,
      'unsupported_media_type',
      'PATCH',
      '/api/v1/me',
      { body: 'a=1', headers: { 'content-type': 'text/plain' } },
    ],
    [
      'another charset',
      415,
      'unsupported_media_type',
      'PATCH',
      '/api/v1/me',
      { body: {}, headers: { 'content-type': 'application/json; charset=klingon' } },
    ],
    [
      'an unknown compression',
      415,
      'unsupported_media_type',
      'PATCH',
      '/api/v1/me',
      { body: {}, headers: { 'content-encoding': 'rot13' } },
    ],
    [
      'a body that is not what its compression says',
      400,
      'malformed_request',
      'PATCH',
      '/api/v1/me',
      { body: {}, headers: { 'content-encoding': 'gzip' } },
    ],
    ['more than 1 MB', 413, 'payload_too_large', 'PATCH', '/api/v1/me', { body: { full_name: 'x'.repeat(1_100_000) } }],
    [
      'a bad idempotency key',
      422,
      'invalid_request',
      'POST',
      '/api/v1/api-keys',
      { body: { name: 'x' }, headers: { 'idempotency-key': 'two words' } },
    ],
  ])('%s: %i %s', async (_title, status, code, method, path, options) => {
    expectProblem(await call(method, path, options), status, code);
  });

  it('says what would be right, by pointer', async () => {
    const answer = await call('POST', '/api/v1/api-keys', {
      body: { name: '', scopes: ['read', 'all'], requests_per_minute: 0, colour: 'red' },
    });
    expectProblem(answer, 422, 'invalid_request');
    const byPointer = new Map(
      (answer.body.errors as { pointer: string; detail: string }[]).map((e) => [e.pointer, e.detail]),
    ); // the problem's declared shape
    expect(byPointer.get('/name')).toBe('must have at least 1 character');
    expect(byPointer.get('/scopes/1')).toBe('must be one of read, write, admin');
    expect(byPointer.get('/requests_per_minute')).toBe('must be at least 1');
    expect(byPointer.get('/colour')).toBe('is not a known field');
    const missing = await call('POST', '/api/v1/api-keys', { body: {} });
    expect(missing.body.errors).toContainEqual({ pointer: '/name', detail: 'is required (string)' });
  });

  it('names the methods of a path in Allow, and answers OPTIONS', async () => {
    const refused = await call('PUT', '/api/v1/me');
    expectProblem(refused, 405, 'method_not_allowed');
    expect(refused.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS, PATCH');
    const options = await call('OPTIONS', '/api/v1/me');
    expect(options.status).toBe(204);
  });

  it('refuses a compressed body that unpacks to more than 1 MB', async () => {
    const bomb = gzipSync(JSON.stringify({ full_name: 'x'.repeat(20_000_000) }));
    const response = await fetch(`${api.url}/api/v1/me`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${tenant.token}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body: bomb,
    });
    expect(response.status).toBe(413);
  });

  it('survives nesting that would exhaust the stack', async () => {
    const deep = `{"full_name":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expectProblem(await call('PATCH', '/api/v1/me', { body: deep }), 422, 'invalid_request');
  });

  it('takes doubled headers without harm', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = [
        'Host',
        'api.test',
        'Authorization',
        `Bearer ${tenant.token}`,
        'X-Request-Id',
        'a',
        'X-Request-Id',
        'b',
        'X-API-Key',
        'c',
        'X-API-Key',
        'd',
      ];
      const sent = httpRequest(`${api.url}/api/v1/me`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
      sent.end();
    });
    expect(status).toBe(401);
  });

  it('needs credentials, a role and the plan’s feature, in this order', async () => {
    const viewer = await addMember(api, tenant, 'viewer');
    const body = { name: 'x' };
    expectProblem(await api.call('POST', '/api/v1/api-keys', { body }), 401, 'unauthenticated');
    const forbidden = await api.call('POST', '/api/v1/api-keys', { body, token: viewer.token });
    expectProblem(forbidden, 403, 'forbidden');
    expect(forbidden.body.permission).toBe('api_keys:write');
    const free = await makeTenant(api);
    const unplanned = await api.call('POST', '/api/v1/api-keys', { body, token: free.token });
    expectProblem(unplanned, 403, 'feature_not_in_plan');
    expect(unplanned.body).toMatchObject({ feature: 'api_access', plan: 'free' });
  });
});

describe('faults of ours', () => {
  it('tells neither stack nor SQL, but logs the request id', async () => {
    const broken = vi.spyOn(api.deps.catalog, 'models').mockImplementation(() => {
      throw new Error('select secret from internals');
    });
    const answer = await call('GET', '/api/v1/models', { headers: { 'x-request-id': 'broken-1' } });
    broken.mockRestore();
    expectProblem(answer, 500, 'internal_error');
    expect(answer.text).not.toMatch(/secret|internals|\.ts/);
    expect(api.logged()).toContain('select secret from internals');
    expect(api.logged()).toContain('"request_id":"broken-1"');
  });

  it('does not send what an endpoint has not declared', async () => {
    const models = api.deps.catalog.models(null);
    const drifting = vi
      .spyOn(api.deps.catalog, 'models')
      .mockImplementation(() => [{ ...models[0], type: 'smell' } as never]);
    const answer = await call('GET', '/api/v1/models');
    drifting.mockRestore();
    expectProblem(answer, 500, 'internal_error');
    expect(api.logged()).toContain('answers what it does not declare');
  });

  it('answers 503 with Retry-After while Postgres is gone, and readiness says so', async () => {
    const gone = vi.spyOn(api.deps.pool, 'query').mockImplementation(() => {
      throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
    });
    api.deps.authenticator.forget([{ kind: 'user', id: tenant.userId }]);
    const answer = await call('GET', '/api/v1/me');
    const ready = await api.call('GET', '/api/health/ready');
    const alive = await api.call('GET', '/api/health');
    gone.mockRestore();
    expectProblem(answer, 503, 'service_unavailable');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.text).not.toContain('10.0.0.1');
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: 'unavailable', postgres: { state: 'down' } });
    expect(alive.status).toBe(200);
  });
});

describe('headers of every answer', () => {
  it('takes a harmless request id, makes one otherwise', async () => {
    const given = await call('GET', '/api/v1/me', { headers: { 'x-request-id': 'spa.42-a_b' } });
    expect(given.headers.get('x-request-id')).toBe('spa.42-a_b');
    const odd = await call('GET', '/api/v1/me', { headers: { 'x-request-id': 'a b"}' } });
    expect(odd.headers.get('x-request-id')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('lets configured pages read them, and no others', async () => {
    const ours = await call('GET', '/api/v1/me', { headers: { origin: 'https://app.test' } });
    expect(ours.headers.get('access-control-allow-origin')).toBe('https://app.test');
    expect(ours.headers.get('access-control-expose-headers')).toContain('RateLimit');
    expect(ours.headers.get('access-control-allow-credentials')).toBeNull();
    const theirs = await call('GET', '/api/v1/me', { headers: { origin: 'https://evil.test' } });
    expect(theirs.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('are strict and say nothing of the machinery', async () => {
    const { headers } = await call('GET', '/api/v1/me');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

it('goes on after a client that breaks off in the middle of a body', async () => {
  const { hostname, port } = new URL(api.url);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `PATCH /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tenant.token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"full`,
      );
      setImmediate(() => socket.destroy());
    });
    socket.on('close', () => resolve());
  });
  expect((await call('GET', '/api/v1/me')).status).toBe(200);
});

it('writes one line per request, by route template', async () => {
  await call('GET', '/api/v1/generations/0190b3a4-0000-7000-8000-000000000001?', {
    headers: { 'x-request-id': 'line-1' },
  });
  await expect.poll(() => api.logged()).toContain('"request_id":"line-1"');
  const lines = api
    .logged()
    .split('\n')
    .filter((line) => line.includes('"line-1"'));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    message: 'request',
    organization_id: tenant.organizationId,
    route: '/generations/:id',
    status: 404,
    ms: expect.any(Number),
  });
  expect(api.logged()).not.toContain(tenant.token);
});
