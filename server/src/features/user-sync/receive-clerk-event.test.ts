import { randomUUID } from 'node:crypto';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageSecret, signMessage } from '../../testing/sign-message.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';
import { newClerkName, startClerk, type TestClerk } from '../../testing/start-clerk.ts';

let clerk: TestClerk;
let api: TestApi;
beforeAll(async () => {
  clerk = await startClerk();
  api = await startApi({ CLERK_ISSUER: clerk.issuer, CLERK_WEBHOOK_SECRET: messageSecret });
});
afterAll(async () => {
  const { rows } = await api.deps.pool.query('select * from verify_ledger()');
  await api.close();
  await clerk.close();
  expect(rows).toEqual([]);
});

const nowMs = Date.now();
const newEmail = () => `${randomUUID()}@people.test`;

/** A person as Clerk describes one, with fields that are none of our business. */
function describePerson(id: string, email: string | null, fields: Record<string, unknown> = {}) {
  const others = [{ id: 'idn_2', email_address: 'old@people.test', verification: { status: 'verified' } }];
  const primary = { id: 'idn_1', object: 'email_address', email_address: email, verification: { status: 'verified' } };
  return {
    ...{ id, object: 'user', first_name: null, last_name: null, image_url: 'https://img.clerk.com/x', username: null },
    ...{ primary_email_address_id: email === null ? null : 'idn_1', phone_numbers: [], primary_phone_number_id: null },
    email_addresses: email === null ? [] : [...others, primary],
    ...{ public_metadata: { role: 'super_admin' }, unsafe_metadata: { is_active: true }, banned: false },
    ...{ created_at: nowMs - 60_000, updated_at: nowMs - 60_000 },
    ...fields,
  };
}

function deliver(type: string, data: unknown, options: { id?: string; node?: TestApi; timestamp?: number } = {}) {
  const { id = `msg_${randomUUID()}`, node = api, timestamp } = options;
  const body = JSON.stringify({ data, object: 'event', type, timestamp: nowMs - 1_000, instance_id: 'ins_1' });
  const headers = signMessage('svix-', { id, body, ...(timestamp === undefined ? {} : { timestamp }) });
  return node.call('POST', '/api/v1/webhooks/clerk', { body, headers });
}

const getMe = (sub: string, node = api): Promise<Answer> =>
  node.call('GET', '/api/v1/me', { token: clerk.sign({ sub }) });

describe('a person of Clerk', () => {
  it('is created with the primary address, and their session finds that account', async () => {
    const [name, email] = [newClerkName(), newEmail()];
    const phone = { primary_phone_number_id: 'p1', phone_numbers: [{ id: 'p1', phone_number: '+5511999990000' }] };
    const data = describePerson(name, email.toUpperCase(), { first_name: 'Ana', last_name: 'Lima', ...phone });
    const made = await deliver('user.created', data);
    expect(made.status, made.text).toBe(200);
    const userId = clerkUserId(clerk.issuer, name);
    expect(made.body).toMatchObject({ result: 'applied', user_id: userId, credits_applied: 0, account: 'active' });
    const me = await getMe(name);
    expect(me.body).toMatchObject({ id: userId, email, full_name: 'Ana Lima', phone: '+5511999990000', role: 'admin' });
    expect(me.body).toMatchObject({ organization: { id: made.body.organization_id } });
  });

  it('who came by a session first gets address and name later', async () => {
    const [name, email] = [newClerkName(), newEmail()];
    const first = await getMe(name);
    expect(first.body).toMatchObject({ email: '', full_name: null });
    const told = await deliver('user.created', describePerson(name, email, { first_name: 'Bia' }));
    expect(told.body).toMatchObject({ result: 'applied', user_id: first.body.id });
    const me = await getMe(name);
    expect(me.body).toMatchObject({ email, full_name: 'Bia', organization: first.body.organization });
  });

  it('may have no address, and one that is not proved is none', async () => {
    const name = newClerkName();
    expect((await deliver('user.created', describePerson(name, null))).body.result).toBe('applied');
    expect((await getMe(name)).body.email).toBe('');
    const unproved = { id: 'idn_1', email_address: 'boss@people.test', verification: { status: 'unverified' } };
    const changes = { email_addresses: [unproved], primary_email_address_id: 'idn_1', updated_at: nowMs };
    await deliver('user.updated', describePerson(name, null, changes));
    expect((await getMe(name)).body.email).toBe('');
  });

  it('keeps a name and a number that Clerk does not have', async () => {
    const [name, email] = [newClerkName(), newEmail()];
    await deliver('user.created', describePerson(name, email));
    const own = { full_name: 'Caio', phone: '+5511988887777' };
    expect((await api.call('PATCH', '/api/v1/me', { token: clerk.sign({ sub: name }), body: own })).status).toBe(200);
    await deliver('user.updated', describePerson(name, email, { updated_at: nowMs }));
    expect((await getMe(name)).body).toMatchObject({ email, ...own });
  });

  it('cannot keep us from hearing of them by what they write about themselves', async () => {
    const [name, email] = [newClerkName(), newEmail()];
    let deep: unknown = 'deep';
    for (let level = 0; level < 60; level += 1) deep = [deep];
    const odd = {
      unsafe_metadata: { deep, bad: 'a\u0000b' },
      first_name: 'a\u0000b',
      last_name: 7,
      image_url: 'data:,x',
    };
    const told = await deliver('user.created', describePerson(name, email, odd));
    expect(told.status, told.text).toBe(200);
    expect((await getMe(name)).body).toMatchObject({ email, full_name: null, avatar_url: null, role: 'admin' });
  });

  it('is as the newest version says, in whatever order versions come', async () => {
    const [name, email] = [newClerkName(), newEmail()];
    await deliver('user.updated', describePerson(name, email, { first_name: 'New', updated_at: nowMs - 10 }));
    const late = await deliver('user.created', describePerson(name, newEmail(), { first_name: 'Old' }));
    expect(late.body.result).toBe('stale');
    expect((await getMe(name)).body).toMatchObject({ email, full_name: 'New' });
  });

  it('who is deleted is out within two seconds everywhere, and stays out', async () => {
    const other = await startApi({ CLERK_ISSUER: clerk.issuer });
    const name = newClerkName();
    await deliver('user.created', describePerson(name, newEmail()));
    expect((await getMe(name, other)).status).toBe(200);
    const gone = await deliver('user.deleted', { id: name, object: 'user', deleted: true });
    expect(gone.body).toMatchObject({ result: 'applied', account: 'deleted' });
    const isOut = async () => (await getMe(name, other)).body.code === 'account_inactive';
    await until('the session is refused', isOut, { timeoutMs: 2_000 });
    await other.close();
    const back = await deliver('user.updated', describePerson(name, newEmail(), { updated_at: nowMs + 5_000 }));
    expect(back.body.result).toBe('ignored');
    expect((await getMe(name)).body.code).toBe('account_inactive');
  });
});

it('is taken once however often it comes', async () => {
  const id = `msg_${randomUUID()}`;
  const data = describePerson(newClerkName(), newEmail());
  const answers = [await deliver('user.created', data, { id }), await deliver('user.created', data, { id })];
  expect(answers.map(({ body }) => body.result)).toEqual(['applied', 'replayed']);
});

it.each(['session.created', 'organization.created', 'email.created', 'user.createdAtLast', ''])(
  'answers %j and changes nothing',
  async (type) => {
    const name = newClerkName();
    const answer = await deliver(type, describePerson(name, newEmail()));
    expect(answer.body).toMatchObject({ result: 'ignored', user_id: null });
    const { rows } = await api.deps.pool.query('select from users where id = $1', [clerkUserId(clerk.issuer, name)]);
    expect(rows).toEqual([]);
  },
);

describe('refused, and nothing changes', () => {
  it.each([
    ['old', { timestamp: Math.floor(nowMs / 1000) - 330 }],
    ['of the future', { timestamp: Math.floor(nowMs / 1000) + 330 }],
  ])('what is %s', async (_name, options) => {
    const answer = await deliver('user.created', describePerson(newClerkName(), newEmail()), options);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
  });

  it('what is not signed, or signed as another sender would', async () => {
    const name = newClerkName();
    const body = JSON.stringify({ type: 'user.created', data: describePerson(name, newEmail()) });
    const secret = `whsec_${Buffer.from('another secret, of 32 bytes too.').toString('base64')}`;
    const id = 'msg_1';
    for (const headers of [
      {},
      signMessage('webhook-', { id, body }),
      signMessage('svix-', { id, body, secret }),
      { ...signMessage('svix-', { id, body }), 'svix-id': 'msg_2' },
    ]) {
      const answer = await api.call('POST', '/api/v1/webhooks/clerk', { body, headers });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
    }
    const { rows } = await api.deps.pool.query('select from users where id = $1', [clerkUserId(clerk.issuer, name)]);
    expect(rows).toEqual([]);
  });

  it('a person without the name of one', async () => {
    const answer = await deliver('user.created', describePerson('org_1', newEmail()));
    expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer: '/data/id' }] });
  });
});

it('is not there unless issuer and secret are set', async () => {
  for (const changes of [{ CLERK_ISSUER: clerk.issuer }, { CLERK_WEBHOOK_SECRET: messageSecret }]) {
    const node = await startApi(changes);
    const answer = await deliver('user.created', describePerson(newClerkName(), newEmail()), { node });
    await node.close();
    expect(answer.status).toBe(404);
  }
});
