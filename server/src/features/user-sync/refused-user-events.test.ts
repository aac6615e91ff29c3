import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signMessage } from '../../testing/sign-message.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import {
  deliverUserEvent,
  newEmail,
  newEventId,
  type SyncMessage,
  secondsAgo,
  tellOfUser,
  userSyncSettings,
} from '../../testing/tell-of-user.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(userSyncSettings);
});
afterAll(() => api.close());

async function countUsers(userId: string): Promise<number> {
  const { rows } = await api.deps.pool.query('select from users where id = $1', [userId]);
  return rows.length;
}

describe('refused with 401 invalid_signature, and nothing changes', () => {
  const now = Math.floor(Date.now() / 1000);
  const other = `whsec_${Buffer.from('another secret, of 32 bytes too.').toString('base64')}`;
  const cases: Record<string, SyncMessage> = {
    'another secret': { secret: other },
    old: { timestamp: now - 330 },
    'of the future': { timestamp: now + 330 },
    'no time': { headers: { 'webhook-timestamp': 'now' } },
    'another time': { headers: { 'webhook-timestamp': String(now - 1) } },
    'another id': { headers: { 'webhook-id': 'evt_other' } },
    'an id that is not one': { id: 'x'.repeat(201) },
    'an empty signature': { headers: { 'webhook-signature': '' } },
    'a version without a key': { headers: { 'webhook-signature': 'v2,AAAA' } },
  };
  it.each(Object.keys(cases))('%s', async (name) => {
    const id = randomUUID();
    const answer = await tellOfUser(api, 'created', { id, email: newEmail() }, 0, cases[name]);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
    expect(await countUsers(id)).toBe(0);
  });

  it('no signature', async () => {
    const id = randomUUID();
    const body = { type: 'user.created', occurred_at: secondsAgo(0), user: { id, email: newEmail() } };
    const answer = await api.call('POST', '/api/v1/webhooks/users', { body });
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
    expect(await countUsers(id)).toBe(0);
  });

  it('a body changed under way', async () => {
    const id = randomUUID();
    const body = JSON.stringify({ type: 'user.created', occurred_at: secondsAgo(0), user: { id, email: newEmail() } });
    const headers = signMessage('webhook-', { id: newEventId(), body });
    const changed = body.replace('}}', ',"credits":1000000}}');
    const answer = await api.call('POST', '/api/v1/webhooks/users', { body: changed, headers });
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
    expect(await countUsers(id)).toBe(0);
  });
});

describe('a signed body is refused', () => {
  const user = () => ({ id: randomUUID(), email: newEmail() });
  it.each([
    ['role', { role: 'super_admin' }, '/user/role'],
    ['organization_id', { organization_id: randomUUID() }, '/user/organization_id'],
    ['balance', { balance: 5 }, '/user/balance'],
    ['is_active', { is_active: true }, '/user/is_active'],
    ['both kinds of credits', { credits: 5, credit_delta: 5 }, '/user/credit_delta'],
    ['negative credits', { credits: -1 }, '/user/credits'],
    ['half a credit', { credit_delta: 0.5 }, '/user/credit_delta'],
    ['too many credits', { credit_delta: 1e12 }, '/user/credit_delta'],
    ['an id of nothing', { id: 'ana' }, '/user/id'],
    ['no e-mail', { email: undefined }, '/user/email'],
    ['a bad e-mail', { email: 'ana' }, '/user/email'],
    ['a long name', { full_name: 'x'.repeat(101) }, '/user/full_name'],
    ['a null character', { full_name: 'a\u0000b' }, '/user/full_name'],
    ['a script for a picture', { avatar_url: 'javascript:alert(1)' }, '/user/avatar_url'],
    ['an unknown language', { language: 'xx' }, '/user/language'],
  ])('for %s', async (_name, changes, pointer) => {
    const whole = { ...user(), ...changes };
    const answer = await tellOfUser(api, 'created', whole);
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid_request', errors: [{ pointer }] });
    const { rows } = await api.deps.pool.query('select from users where email = $1', [whole.email]);
    expect(rows).toEqual([]);
  });

  it.each([
    ['another type', { type: 'user.promoted' }, '/type'],
    ['a time to come', { occurred_at: new Date(Date.now() + 3_600_000).toISOString() }, '/occurred_at'],
    ['a time before all', { occurred_at: '0001-01-01T00:00:00Z' }, '/occurred_at'],
    ['no time', { occurred_at: 'yesterday' }, '/occurred_at'],
    ['something beside', { organization: {} }, '/organization'],
    [
      'credits for somebody who goes',
      { type: 'user.deleted', user: { id: randomUUID(), credits: 5 } },
      '/user/credits',
    ],
  ])('for %s', async (_name, changes, pointer) => {
    const answer = await deliverUserEvent(api, {
      type: 'user.created',
      occurred_at: secondsAgo(0),
      user: user(),
      ...changes,
    });
    expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  it('when it is no JSON, too large or packed', async () => {
    expect((await deliverUserEvent(api, 'user')).body.code).toBe('malformed_json');
    expect((await deliverUserEvent(api, '')).body.code).toBe('malformed_json');
    expect((await deliverUserEvent(api, `"${'x'.repeat(1024 * 1024)}"`)).body.code).toBe('payload_too_large');
    const packed = await deliverUserEvent(api, '{}', { headers: { 'content-encoding': 'gzip' } });
    expect(packed.body.code).toBe('unsupported_media_type');
  });
});

it('is not there without a secret', async () => {
  const bare = await startApi();
  const answer = await tellOfUser(bare, 'created', { id: randomUUID(), email: newEmail() });
  const clerk = await tellOfUser(bare, 'created', { id: 'user_1', email: newEmail() });
  await bare.close();
  expect([answer.status, clerk.status]).toEqual([404, 404]);
});

it('knows nobody of Clerk where Clerk is not set up', async () => {
  const bare = await startApi(userSyncSettings);
  const answer = await tellOfUser(bare, 'created', { id: 'user_1', email: newEmail() });
  await bare.close();
  expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer: '/user/id' }] });
});
