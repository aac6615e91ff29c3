import { type Role, roles, scopes } from '@base/shared/contracts/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mounted } from '../app.ts';
import { addMember, makeKey, makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import type { Endpoint } from './endpoint.ts';
import { isAllowed, mayGrantScopes, type Permission } from './permissions.ts';

const nowhere = '0190b3a4-0000-7000-8000-000000000000';
const guarded = mounted.flatMap(({ prefix, endpoints }) =>
  endpoints
    .filter((endpoint) => endpoint.access !== 'public')
    // Logging out would end the sessions that the other cases use.
    .filter((endpoint) => endpoint.path !== '/auth/logout')
    .map((endpoint) => ({ endpoint, path: prefix + endpoint.path.replaceAll(/:\w+/g, nowhere) })),
);

function permissionOf({ access }: Endpoint): Permission {
  if (typeof access === 'object') return access.optional;
  if (access === 'public') throw new Error('a public endpoint has no permission');
  return access;
}

let api: TestApi;
let tenant: TestTenant;
const tokens = new Map<string, { token: string; grants: Parameters<typeof isAllowed>[1] }>();
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api, { plan: 'enterprise' });
  for (const role of roles) {
    const { token } = await addMember(api, tenant, role);
    tokens.set(role, { token, grants: { role, scopes: null } });
  }
  for (const scope of scopes) {
    const token = await makeKey(api, tenant, { scopes: [scope] });
    tokens.set(`key with ${scope}`, { token, grants: { role: 'admin', scopes: [scope] } });
  }
});
afterAll(() => api.close());

const callers = [...roles, ...scopes.map((scope) => `key with ${scope}`)];

describe.each(
  guarded.map(({ endpoint, path }) => [`${endpoint.method.toUpperCase()} ${path}`, endpoint, path] as const),
)('%s', (_name, endpoint, path) => {
  it('refuses strangers', async () => {
    if (typeof endpoint.access === 'object') return expect((await send()).status).toBe(404);
    expect((await send()).status).toBe(401);
  });

  it.each(callers)('treats %s as the table says', async (caller) => {
    const { token, grants } = tokens.get(caller) ?? { token: '', grants: { role: 'viewer' as Role, scopes: null } }; // filled above
    const answer = await send(token);
    if (isAllowed(permissionOf(endpoint), grants)) expect(answer.body.code).not.toBe('forbidden');
    else expect(answer.body).toMatchObject({ status: 403, code: 'forbidden', permission: permissionOf(endpoint) });
    expect(answer.status).toBeLessThan(500);
  });

  // An unknown field makes every body invalid, so that an allowed call changes nothing.
  const send = (token?: string) =>
    api.call(endpoint.method.toUpperCase(), path, {
      ...(token === undefined ? {} : { token }),
      ...(endpoint.body === undefined ? {} : { body: { no_such_field: true } }),
    });
});

it('lets nobody hand out more than they may do themselves', () => {
  expect(mayGrantScopes(['admin'], { role: 'admin', scopes: null })).toBe(true);
  expect(mayGrantScopes(['admin'], { role: 'manager', scopes: null })).toBe(false);
  expect(mayGrantScopes(['read', 'write'], { role: 'manager', scopes: null })).toBe(true);
  expect(mayGrantScopes(['write'], { role: 'viewer', scopes: null })).toBe(false);
  expect(mayGrantScopes(['admin'], { role: 'admin', scopes: ['write'] })).toBe(false);
});
