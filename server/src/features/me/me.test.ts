import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api);
});
afterAll(() => api.close());

const call = (method: string, path: string, body?: unknown, token = tenant.token) =>
  api.call(method, `/api/v1${path}`, { token, ...(body === undefined ? {} : { body }) });

describe('me', () => {
  it('reads and changes profile and preferences, field by field', async () => {
    const first = await call('GET', '/me');
    expect(first.body).toMatchObject({
      id: tenant.userId,
      role: 'admin',
      preferences: { language: 'pt-BR', theme: 'system' },
      organization: { id: tenant.organizationId, plan: 'free' },
    });
    const changed = await call('PATCH', '/me', { full_name: '  Ana  ', preferences: { language: 'es' } });
    expect(changed.body).toMatchObject({ full_name: 'Ana', preferences: { language: 'es', theme: 'system' } });
    const cleared = await call('PATCH', '/me', { full_name: null, preferences: {} });
    expect(cleared.body).toMatchObject({ full_name: null, preferences: { language: 'es' } });
  });

  it.each([
    { phone: '11 99999' },
    { avatar_url: 'http://plain.test/a.png' },
    { avatar_url: 'javascript:alert(1)' },
    { preferences: { language: 'fr' } },
    { email: 'other@tenant.test' },
    { role: 'super_admin' },
    { organization_id: '0190b3a4-0000-7000-8000-000000000000' },
  ])('refuses %j', async (body) => {
    expect((await call('PATCH', '/me', body)).status).toBe(422);
  });

  it('tells the credits in one small answer', async () => {
    expect((await call('GET', '/me/credits')).body).toEqual({ current: 50, maximum: 50, plan: 'free' });
  });
});
