import type { Role } from '@base/shared/contracts/accounts';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

// The feed asks every second; a machine that is busy with other tests may be late. Without the feed it would be a minute.
const soonSeconds = 5;

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  // Two nodes: what one changes, the other learns from the feed.
  [api, other] = await Promise.all([startApi(), startApi()]);
});
afterAll(() => Promise.all([api.close(), other.close()]));

const call = (caller: TestTenant, method: string, path: string, body?: unknown, node = api) =>
  node.call(method, `/api/v1${path}`, { token: caller.token, ...(body === undefined ? {} : { body }) });
const change = (caller: TestTenant, member: TestTenant, body: unknown) =>
  call(caller, 'PATCH', `/organization/members/${member.userId}`, body);
const remove = (caller: TestTenant, member: TestTenant) =>
  call(caller, 'DELETE', `/organization/members/${member.userId}`);

async function roleOf({ userId }: TestTenant): Promise<unknown> {
  const { rows } = await api.deps.pool.query('select role from users where id = $1 and deleted_at is null', [userId]);
  return rows[0]?.role;
}

describe('reading', () => {
  it('lists members of the own organization only, page by page', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const ids = [owner.userId];
    for (const role of ['manager', 'member', 'viewer'] as const) ids.push((await addMember(api, owner, role)).userId);
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await call(owner, 'GET', `/organization/members?limit=3${cursor}`);
      seen.push(...(body.data as { id: string }[]).map(({ id }) => id)); // the list's declared shape
      cursor = body.has_more === true ? `&cursor=${body.next_cursor}` : '';
    } while (cursor !== '');
    expect(seen.sort()).toEqual(ids.sort());
    const { body } = await call(owner, 'GET', `/organization/members/${owner.userId}`);
    expect(body).toMatchObject({ object: 'member', role: 'admin', is_owner: true, is_active: true });
  });

  it('another organization’s member is not found, whatever is tried', async () => {
    const [mine, theirs] = [await makeTenant(api), await makeTenant(api)];
    const answers = [
      await call(mine, 'GET', `/organization/members/${theirs.userId}`),
      await change(mine, theirs, { role: 'viewer' }),
      await remove(mine, theirs),
      await call(mine, 'POST', `/organization/members/${theirs.userId}/transfer-ownership`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await roleOf(theirs)).toBe('admin');
  });
});

describe('roles', () => {
  // Who may give a member of which role which other one; the owner is apart, below.
  const ranks: Record<Exclude<Role, 'super_admin'>, number> = { admin: 4, manager: 3, member: 2, viewer: 1 };
  const given = Object.keys(ranks) as (keyof typeof ranks)[]; // its own keys

  it.each(['super_admin', ...given] as const)('%s changes nobody above, and raises nobody above', async (actorRole) => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const actor = await addMember(api, owner, actorRole);
    const rank = actorRole === 'super_admin' ? 5 : ranks[actorRole];
    for (const from of given) {
      for (const to of given) {
        const member = await addMember(api, owner, from);
        const isAllowed = rank >= 3 && ranks[from] <= rank && ranks[to] <= rank;
        const { status } = await change(actor, member, { role: to });
        expect(status, `${actorRole} makes ${from} ${to}`).toBe(isAllowed ? 200 : 403);
        expect(await roleOf(member)).toBe(isAllowed ? to : from);
      }
      const member = await addMember(api, owner, from);
      // Hidden in another change, a higher role is refused too.
      if (rank === 3) expect((await change(actor, member, { role: 'admin', is_active: false })).status).toBe(403);
      expect((await remove(actor, member)).status).toBe(rank >= 3 && ranks[from] <= rank ? 204 : 403);
    }
    const staff = await addMember(api, owner, 'super_admin');
    if (rank < 5) expect((await change(actor, staff, { role: 'viewer' })).status).toBe(403);
  });

  it.each([{}, { role: 'super_admin' }, { role: 'boss' }, { is_active: 'no' }, { email: 'a@b.test' }])(
    'refuses %j',
    async (body) => {
      const owner = await makeTenant(api);
      const member = await addMember(api, owner, 'member');
      expect((await change(owner, member, body)).status).toBe(422);
    },
  );
});

describe('the last admin and the owner', () => {
  it('cannot be demoted, switched off, removed or leave', async () => {
    const owner = await makeTenant(api);
    const manager = await addMember(api, owner, 'manager');
    for (const body of [{ role: 'viewer' }, { is_active: false }]) {
      expect((await change(owner, owner, body)).body).toMatchObject({ status: 409, code: 'last_admin' });
    }
    expect((await call(owner, 'POST', '/organization/leave')).body.code).toBe('last_admin');
    expect((await remove(manager, owner)).status).toBe(403);
    const admin = await addMember(api, owner, 'admin');
    expect((await change(admin, owner, { role: 'member' })).body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await remove(admin, owner)).body.code).toBe('conflict');
    expect(await roleOf(owner)).toBe('admin');
  });

  it('of two admins who demote each other at once, one stays', async () => {
    for (let round = 0; round < 5; round += 1) {
      const first = await makeTenant(api);
      const second = await addMember(api, first, 'admin');
      await api.deps.pool.query('update organizations set owner_id = null where id = $1', [first.organizationId]);
      const answers = await Promise.all([
        change(first, second, { role: 'member' }),
        call(second, 'PATCH', `/organization/members/${first.userId}`, { role: 'member' }, other),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect([await roleOf(first), await roleOf(second)].sort()).toEqual(['admin', 'member']);
    }
  });

  it('ownership goes to another member, who becomes an admin; only the owner gives it', async () => {
    const owner = await makeTenant(api);
    const [admin, viewer] = [await addMember(api, owner, 'admin'), await addMember(api, owner, 'viewer')];
    const path = `/organization/members/${viewer.userId}/transfer-ownership`;
    expect((await call(admin, 'POST', path)).body.code).toBe('forbidden');
    const key = await makeTenant(api, { plan: 'enterprise' });
    const byKey = { ...key, token: await makeKey(api, key, { scopes: ['admin'] }) };
    expect((await call(byKey, 'POST', `/organization/members/${key.userId}/transfer-ownership`)).status).toBe(403);
    expect((await call(owner, 'POST', path)).body).toMatchObject({ id: viewer.userId, role: 'admin', is_owner: true });
    expect((await call(owner, 'GET', '/organization')).body.owner_id).toBe(viewer.userId);
    expect((await change(viewer, owner, { role: 'member' })).status).toBe(200);
    expect((await change(admin, viewer, { role: 'member' })).body.code).toBe('conflict');
  });
});

describe('on another node, within two seconds', () => {
  async function makePair() {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const member = await addMember(api, owner, 'admin');
    const key = await makeKey(api, member, { scopes: ['read'] });
    const statuses = async () =>
      Promise.all([
        call(member, 'GET', '/me', undefined, other),
        call({ ...member, token: key }, 'GET', '/me', undefined, other),
      ]);
    expect((await statuses()).map(({ status }) => status)).toEqual([200, 200]);
    /** Seconds until token and key of the member are answered so. */
    const waitFor = async (codes: unknown[]) => {
      const startedMs = performance.now();
      await until(`answers ${codes}`, async () =>
        (await statuses()).every(({ body, status }, index) => (body.code ?? status) === codes[index]),
      );
      return (performance.now() - startedMs) / 1000;
    };
    return { owner, member, waitFor };
  }

  it('a member switched off is refused with token and key, and let in again', async () => {
    const { owner, member, waitFor } = await makePair();
    expect((await change(owner, member, { is_active: false })).body.is_active).toBe(false);
    expect(await waitFor(['account_inactive', 'account_inactive'])).toBeLessThan(soonSeconds);
    expect((await call(member, 'GET', '/me')).body.code).toBe('account_inactive');
    await change(owner, member, { is_active: true });
    expect(await waitFor([200, 200])).toBeLessThan(soonSeconds);
  });

  it('a member removed is refused with token and key, and is not listed', async () => {
    const { owner, member, waitFor } = await makePair();
    expect((await remove(owner, owner)).body.code).toBe('conflict');
    expect((await remove(owner, member)).status).toBe(204);
    expect(await waitFor(['account_inactive', 'unauthenticated'])).toBeLessThan(soonSeconds);
    expect((await remove(owner, member)).status).toBe(404);
    expect((await call(owner, 'GET', `/organization/members/${member.userId}`)).status).toBe(404);
  });

  it('who leaves goes on in an empty organization without credits, and keys for the old one end', async () => {
    const { owner, member, waitFor } = await makePair();
    expect((await call(member, 'POST', '/organization/leave')).status).toBe(204);
    expect(await waitFor([200, 'unauthenticated'])).toBeLessThan(soonSeconds);
    const me = await call(member, 'GET', '/me');
    expect(me.body).toMatchObject({ role: 'admin', organization: { plan: 'free' } });
    expect(me.body.organization).not.toMatchObject({ id: owner.organizationId });
    expect((await call(member, 'GET', '/me/credits')).body.current).toBe(0);
    expect((await call(member, 'POST', '/organization/leave')).body.code).toBe('conflict');
  });

  it('a seat freed by switching somebody off is taken again only if there is one', async () => {
    const { owner, member } = await makePair();
    await change(owner, member, { is_active: false });
    await api.deps.pool.query(`update organizations set custom_limits = '{"team_members": 1}' where id = $1`, [
      owner.organizationId,
    ]);
    expect((await change(owner, member, { is_active: true })).body).toMatchObject({
      status: 403,
      code: 'plan_limit_reached',
      limit_name: 'team_members',
      limit: 1,
      used: 1,
    });
  });
});
