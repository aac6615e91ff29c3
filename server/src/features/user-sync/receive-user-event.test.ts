import { randomUUID } from 'node:crypto';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeKey, makeTenant, signSession } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import {
  deliverUserEvent,
  newEmail,
  newEventId,
  secondsAgo,
  tellOfUser,
  userSyncSettings,
} from '../../testing/tell-of-user.ts';

const issuer = 'https://clerk.example.test';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ ...userSyncSettings, CLERK_ISSUER: issuer });
});
afterAll(async () => {
  const { rows } = await api.deps.pool.query('select * from verify_ledger()');
  await api.close();
  expect(rows).toEqual([]);
});

const tell = (type: 'created' | 'updated' | 'deleted', user: Record<string, unknown>, seconds = 0) =>
  tellOfUser(api, type, user, seconds);

/** The person as their own sessions see them. */
const getMe = (userId: string, node = api) => node.call('GET', '/api/v1/me', { token: signSession({ sub: userId }) });

async function available(organizationId: unknown): Promise<number> {
  const { rows } = await api.deps.pool.query(
    'select available::int as available from credit_balances where organization_id = $1',
    [organizationId],
  );
  return rows[0]?.available;
}

describe('a person', () => {
  it('is created with an organization and the free credits, changed, and known to their sessions', async () => {
    const id = randomUUID();
    const email = newEmail();
    const profile = { avatar_url: 'https://img.test/a.png', phone: '+5511999990000', language: 'en' };
    const made = await tell('created', { id, email: email.toUpperCase(), full_name: 'Ana', ...profile }, 20);
    expect(made.status, made.text).toBe(200);
    expect(made.body).toMatchObject({ result: 'applied', user_id: id, credits_applied: 0, account: 'active' });
    expect(await available(made.body.organization_id)).toBe(50);
    const me = await getMe(id);
    expect(me.body).toMatchObject({ email, full_name: 'Ana', role: 'admin', last_login_at: null });
    expect(me.body).toMatchObject({
      avatar_url: profile.avatar_url,
      phone: profile.phone,
      preferences: { language: 'en' },
    });

    const next = newEmail();
    await tell('updated', { id, email: next, phone: null }, 10);
    expect((await getMe(id)).body).toMatchObject({ email: next, full_name: 'Ana', phone: null, role: 'admin' });
  });

  it('is in the audit log as changed by a webhook', async () => {
    const id = randomUUID();
    await tell('created', { id, email: newEmail() });
    const { rows } = await api.deps.pool.query('select distinct actor_type from audit_logs where resource_id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ actor_type: 'webhook' }]);
  });

  it('of Clerk is named as Clerk does', async () => {
    const made = await tell('created', { id: 'user_2abc', email: newEmail() });
    expect(made.body.user_id).toBe(clerkUserId(issuer, 'user_2abc'));
  });

  it('who was there first keeps role and organization', async () => {
    const owner = await makeTenant(api, { plan: 'professional' });
    const member = await addMember(api, owner, 'viewer');
    const email = newEmail();
    const told = await tell('updated', { id: member.userId, email, full_name: 'Bia' });
    expect(told.body).toMatchObject({ result: 'applied', organization_id: owner.organizationId });
    const me = await getMe(member.userId);
    expect(me.body).toMatchObject({ email, full_name: 'Bia', role: 'viewer' });
    expect(me.body.organization).toMatchObject({ id: owner.organizationId });
  });

  it('who is switched off stays so', async () => {
    const owner = await makeTenant(api, { plan: 'professional' });
    const member = await addMember(api, owner, 'member');
    await api.deps.pool.query('update users set is_active = false where id = $1', [member.userId]);
    const told = await tell('created', { id: member.userId, email: newEmail() });
    expect(told.body).toMatchObject({ result: 'applied', account: 'inactive' });
  });

  it('does not lose what a newer event said to an older one, which only fills in the rest', async () => {
    const id = randomUUID();
    const email = newEmail();
    await tell('updated', { id, email, full_name: 'Newer' }, 10);
    const late = await tell('created', { id, email: newEmail(), full_name: 'Older', phone: '+5511999990000' }, 20);
    expect(late.body).toMatchObject({ result: 'stale', user_id: id });
    expect((await getMe(id)).body).toMatchObject({ email, full_name: 'Newer', phone: '+5511999990000' });
  });
});

describe('credits', () => {
  it('are brought to a figure, up and down, and changed by a difference down to nothing', async () => {
    const user = { id: randomUUID(), email: newEmail() };
    const made = await tell('created', { ...user, credits: 500 }, 50);
    const { organization_id: organizationId } = made.body;
    expect(made.body.credits_applied).toBe(450);
    expect((await tell('updated', { ...user, credits: 120 }, 40)).body.credits_applied).toBe(-380);
    expect((await tell('updated', { ...user, credits: 120 }, 30)).body.credits_applied).toBe(0);
    expect((await tell('updated', { ...user, credit_delta: 30 }, 20)).body.credits_applied).toBe(30);
    expect(await available(organizationId)).toBe(150);
    expect((await tell('updated', { ...user, credit_delta: -1000 }, 10)).body.credits_applied).toBe(-150);
    expect(await available(organizationId)).toBe(0);
    expect((await tell('updated', { ...user, credit_delta: -5 }, 5)).body.credits_applied).toBe(0);
  });

  it('on hold are left alone', async () => {
    const user = { id: randomUUID(), email: newEmail() };
    const { body } = await tell('created', { ...user, credits: 100 }, 20);
    // A hold as reserve_jobs makes one, without a job that a worker would end.
    const client = await api.deps.pool.connect();
    try {
      await client.query('begin');
      const organization = [body.organization_id];
      await client.query('update credit_balances set held = 60 where organization_id = $1', organization);
      const sync = `select credits_applied::int as applied from sync_user('users', $2, 'hash', 'user.updated', now(), $1, $3, 0, null)`;
      const { rows } = await client.query(sync, [user.id, newEventId(), JSON.stringify({ email: user.email })]);
      expect(rows[0]?.applied).toBe(-40);
      const left = 'select balance::int as balance, held::int as held from credit_balances where organization_id = $1';
      expect((await client.query(left, organization)).rows[0]).toEqual({ balance: 60, held: 60 });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  it('of a late event count, unless a newer figure holds them already', async () => {
    const user = { id: randomUUID(), email: newEmail() };
    const made = await tell('updated', { ...user, credit_delta: 10 }, 10);
    const late = await tell('updated', { ...user, credit_delta: 7 }, 20);
    expect(late.body).toMatchObject({ result: 'stale', credits_applied: 7 });
    expect(await available(made.body.organization_id)).toBe(67);
    const figure = await tell('created', { ...user, credits: 100 }, 15);
    // 100 then, and 10 since.
    expect(figure.body).toMatchObject({ result: 'stale', credits_applied: 43 });
    expect((await tell('updated', { ...user, credits: 5 }, 30)).body.credits_applied).toBe(0);
    expect((await tell('updated', { ...user, credit_delta: 5 }, 30)).body.credits_applied).toBe(0);
    expect(await available(made.body.organization_id)).toBe(110);
  });
});

describe('the same event', () => {
  it('is applied once and answered alike; its id is refused to another', async () => {
    const user = { id: randomUUID(), email: newEmail(), credit_delta: 25 };
    const body = { type: 'user.created', occurred_at: secondsAgo(1), user };
    const id = newEventId();
    const first = await deliverUserEvent(api, body, { id });
    const again = await deliverUserEvent(api, body, { id });
    expect(first.body).toMatchObject({ result: 'applied', credits_applied: 25 });
    expect(again.body).toEqual({ ...first.body, result: 'replayed' });
    const other = await deliverUserEvent(api, { ...body, user: { ...user, credit_delta: 26 } }, { id });
    expect([other.status, other.body.code]).toEqual([409, 'conflict']);
    expect(await available(first.body.organization_id)).toBe(75);
  });

  it('has one effect when it comes twenty times at once, to two nodes', async () => {
    const other = await startApi(userSyncSettings);
    const id = newEventId();
    const body = {
      type: 'user.created',
      occurred_at: secondsAgo(1),
      user: { id: randomUUID(), email: newEmail(), credits: 80 },
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => deliverUserEvent(index % 2 === 0 ? api : other, body, { id })),
    );
    await other.close();
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(answers.filter(({ body: { result } }) => result === 'applied')).toHaveLength(1);
    expect(answers.filter(({ body: { result } }) => result === 'replayed')).toHaveLength(19);
    expect(new Set(answers.map(({ body: { organization_id } }) => organization_id)).size).toBe(1);
    expect(await available(answers[0]?.body.organization_id)).toBe(80);
  });

  it('may meet the person’s first call, and different events each other, at the same moment', async () => {
    const user = { id: randomUUID(), email: newEmail() };
    const tells = Array.from({ length: 8 }, () => tell('updated', { ...user, credit_delta: 1 }, 1));
    const [me, ...answers] = await Promise.all([getMe(user.id), ...tells]);
    expect(me?.status).toBe(200);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await available(answers[0]?.body.organization_id)).toBe(58);
  });
});

describe('a deletion', () => {
  it('ends a live session and a key within two seconds on another node, and nothing brings the person back', async () => {
    const other = await startApi();
    const user = { id: randomUUID(), email: newEmail() };
    const { body: made } = await tell('created', user, 20);
    const organizationId = String(made.organization_id);
    await api.deps.pool.query(`update organizations set plan_id = 'professional' where id = $1`, [organizationId]);
    api.deps.authenticator.forget([{ kind: 'organization', id: organizationId }]);
    const token = signSession({ sub: user.id });
    const key = await makeKey(api, { token, userId: user.id, organizationId });
    expect((await getMe(user.id, other)).status).toBe(200);
    expect((await other.call('GET', '/api/v1/me', { token: key })).status).toBe(200);

    const gone = await tell('deleted', { id: user.id }, 10);
    expect(gone.body).toMatchObject({ result: 'applied', account: 'deleted' });
    expect((await getMe(user.id)).body.code).toBe('account_inactive');
    const refused = async () => {
      const statuses = [await getMe(user.id, other), await other.call('GET', '/api/v1/me', { token: key })];
      return statuses.every(({ status }) => status === 401 || status === 403);
    };
    await until('the other node refuses both', refused, { timeoutMs: 2_000 });
    await other.close();

    for (const seconds of [30, 0]) {
      for (const type of ['created', 'updated'] as const) {
        expect((await tell(type, user, seconds)).body).toMatchObject({ result: 'ignored', account: 'deleted' });
      }
    }
    expect((await tell('updated', { ...user, credit_delta: 9 }, 0)).body.credits_applied).toBe(0);
    expect((await tell('deleted', { id: user.id })).body.result).toBe('ignored');
    await tell('updated', { ...user, email: newEmail(), full_name: 'Back' });
    const { rows } = await api.deps.pool.query('select email, full_name from users where id = $1', [user.id]);
    expect(rows).toEqual([{ email: user.email, full_name: null }]);
    expect((await getMe(user.id)).status).toBe(403);
  });

  it('of somebody nobody has heard of holds too, for sessions and for what comes late', async () => {
    const user = { id: randomUUID(), email: newEmail() };
    expect((await tell('deleted', { id: user.id }, 10)).body).toMatchObject({ result: 'applied', account: 'deleted' });
    expect((await getMe(user.id)).body.code).toBe('account_inactive');
    expect((await tell('created', user, 20)).body.result).toBe('ignored');
    expect((await getMe(user.id)).body.code).toBe('account_inactive');
  });

  it('takes a member out, but only switches off the owner of others', async () => {
    const owner = await makeTenant(api, { plan: 'professional' });
    const member = await addMember(api, owner, 'member');
    const second = await addMember(api, owner, 'admin');
    const out = await tell('deleted', { id: member.userId });
    expect(out.body).toMatchObject({ result: 'applied', account: 'deleted' });
    const off = await tell('deleted', { id: owner.userId });
    expect(off.body).toMatchObject({ result: 'applied', account: 'inactive' });
    expect((await getMe(owner.userId)).body.code).toBe('account_inactive');
    expect((await getMe(second.userId)).status).toBe(200);
    expect((await tell('updated', { id: owner.userId, email: newEmail() })).body.result).toBe('ignored');
  });
});
