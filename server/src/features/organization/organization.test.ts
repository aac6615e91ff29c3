import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
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

describe('the organization', () => {
  it('tells plan, limits with its own over them, and features', async () => {
    const own = await makeTenant(api);
    await api.deps.pool.query(`update organizations set custom_limits = '{"projects": 7}' where id = $1`, [
      own.organizationId,
    ]);
    api.deps.authenticator.forget([{ kind: 'organization', id: own.organizationId }]);
    const { body } = await call('GET', '/organization', undefined, own.token);
    expect(body).toMatchObject({
      plan: 'free',
      limits: { projects: 7, team_members: 1 },
      features: ['image', 'workflow'],
    });
  });

  it('changes name and settings; a taken slug is a conflict naming the field', async () => {
    const slug = `taken-${randomUUID().slice(0, 8)}`;
    const other = await makeTenant(api);
    expect((await call('PATCH', '/organization', { slug }, other.token)).body.slug).toBe(slug);
    const taken = await call('PATCH', '/organization', { slug, name: 'Not written' });
    expect(taken.body).toMatchObject({ status: 409, code: 'conflict', errors: [{ pointer: '/slug' }] });
    const changed = await call('PATCH', '/organization', { name: 'Ateliê', settings: { require_approval: true } });
    expect(changed.body).toMatchObject({
      name: 'Ateliê',
      settings: { require_approval: true, allow_member_invites: true },
    });
  });

  it.each([
    { slug: 'Upper' },
    { slug: 'a' },
    { slug: '-a-b' },
    { plan: 'enterprise' },
    { custom_limits: {} },
    { settings: { default_role: 'admin' } },
    {},
  ])('refuses %j', async (body) => {
    expect((await call('PATCH', '/organization', body)).status).toBe(422);
  });
});

describe('deleting the organization', () => {
  it('is for its owner, who names it; members, keys and invitations end on every node', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const admin = await addMember(api, owner, 'admin');
    const key = await makeKey(api, owner, { scopes: ['admin'] });
    const invitation = await call('POST', '/organization/invitations', { email: 'a@new.test' }, owner.token);
    const { body } = await call('GET', '/organization', undefined, owner.token);
    expect(body.owner_id).toBe(owner.userId);
    const other = await startApi();
    const codes = async () =>
      Promise.all(
        [owner.token, admin.token, key].map(
          async (token) => (await other.call('GET', '/api/v1/organization', { token })).body.code,
        ),
      );
    expect(await codes()).toEqual([undefined, undefined, undefined]);
    const erase = (token: string, confirm?: unknown) =>
      call('DELETE', `/organization${confirm === undefined ? '' : `?confirm=${confirm}`}`, undefined, token);
    expect((await erase(owner.token)).status).toBe(422);
    expect((await erase(owner.token, 'another')).body).toMatchObject({ errors: [{ pointer: '/query/confirm' }] });
    expect((await erase(admin.token, body.slug)).body.code).toBe('forbidden');
    expect((await erase(key, body.slug)).body.code).toBe('forbidden');
    expect(await codes()).toEqual([undefined, undefined, undefined]);

    expect((await erase(owner.token, body.slug)).status).toBe(204);
    const startedMs = performance.now();
    const refused = 'organization_inactive';
    await until('all are refused', async () => (await codes()).every((code) => code === refused));
    // The feed asks every second, on a machine busy with other tests; without it this would take a minute.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await other.close();
    const { rows } = await api.deps.pool.query('select status from invitations where id = $1', [invitation.body.id]);
    expect(rows).toEqual([{ status: 'revoked' }]);
  });
});
