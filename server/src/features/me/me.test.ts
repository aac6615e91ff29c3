import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
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

describe('deleting an account', () => {
  const leave = ({ userId, token }: TestTenant, confirm = userId) =>
    call('DELETE', `/me?confirm=${confirm}`, undefined, token);
  const deletedAt = async (table: 'users' | 'organizations', id: string) => {
    const { rows } = await api.deps.pool.query(`select deleted_at is not null as gone from ${table} where id = $1`, [
      id,
    ]);
    return rows[0].gone;
  };

  it('takes the organization along when nobody else is in it', async () => {
    const alone = await makeTenant(api);
    expect((await call('DELETE', '/me', undefined, alone.token)).status).toBe(422);
    expect((await leave(alone, tenant.userId)).status).toBe(422);
    expect((await leave(alone)).status).toBe(204);
    expect((await call('GET', '/me', undefined, alone.token)).body.code).toBe('account_inactive');
    expect([await deletedAt('users', alone.userId), await deletedAt('organizations', alone.organizationId)]).toEqual([
      true,
      true,
    ]);
  });

  it('is refused to the last admin and to the owner of others, and leaves the organization to them', async () => {
    const owner = await makeTenant(api);
    const member = await addMember(api, owner, 'member');
    expect((await leave(owner)).body).toMatchObject({ status: 409, code: 'last_admin' });
    const admin = await addMember(api, owner, 'admin');
    expect((await leave(owner)).body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await leave(member)).status).toBe(204);
    await call('POST', `/organization/members/${admin.userId}/transfer-ownership`, undefined, owner.token);
    expect((await leave(owner)).status).toBe(204);
    expect(await deletedAt('organizations', owner.organizationId)).toBe(false);
    expect((await call('GET', '/organization', undefined, admin.token)).status).toBe(200);
  });

  it('of two who are the last and go at once, nobody leaves the other without an admin', async () => {
    const owner = await makeTenant(api);
    const member = await addMember(api, owner, 'member');
    const answers = await Promise.all([leave(owner), leave(member)]);
    expect(answers[1].status).toBe(204);
    const isGone = await deletedAt('organizations', owner.organizationId);
    expect(isGone).toBe(answers[0].status === 204);
  });
});
