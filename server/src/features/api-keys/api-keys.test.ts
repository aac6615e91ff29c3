import { afterAll, beforeAll, expect, it } from 'vitest';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  // An unlimited plan: these tests ask more than sixty times a minute.
  tenant = await makeTenant(api, { plan: 'enterprise' });
});
afterAll(() => api.close());

const call = (method: string, path: string, options: { body?: unknown; token?: string; key?: string } = {}) =>
  api.call(method, `/api/v1/api-keys${path}`, {
    token: options.token ?? tenant.token,
    ...(options.body === undefined ? {} : { body: options.body }),
    ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
  });
const works = async (key: unknown) => (await api.call('GET', '/api/v1/me', { token: String(key) })).status;
const countKeys = async (name: string) => {
  const { rows } = await api.deps.pool.query('select count(*) from api_keys where organization_id = $1 and name = $2', [
    tenant.organizationId,
    name,
  ]);
  return rows[0]?.count;
};

it('shows a key once, keeps only its hash, and lists it by prefix and last four', async () => {
  const made = await call('POST', '', { body: { name: 'deploy', scopes: ['read'] } });
  expect(made.status).toBe(201);
  const key = String(made.body.key);
  expect(key).toMatch(/^base_live_[0-9A-Za-z]{49}$/);
  expect(made.headers.get('location')).toBe(`/api/v1/api-keys/${made.body.id}`);
  expect(made.body).toMatchObject({ name: 'deploy', scopes: ['read'], prefix: key.slice(0, 14), last4: key.slice(-4) });
  const read = await call('GET', `/${made.body.id}`);
  expect(read.body).not.toHaveProperty('key');
  const { rows } = await api.deps.pool.query('select * from api_keys where id = $1', [made.body.id]);
  expect(JSON.stringify(rows)).not.toContain(key.slice(14, -4));
  expect(api.logged()).not.toContain(key);
});

it('refuses a revoked key at once here, and revokes a second time without complaint', async () => {
  const made = await call('POST', '', { body: { name: 'short' } });
  expect(await works(made.body.key)).toBe(200);
  expect((await call('DELETE', `/${made.body.id}`)).status).toBe(204);
  expect(await works(made.body.key)).toBe(401);
  const { body } = await call('GET', `/${made.body.id}`);
  expect((await call('DELETE', `/${made.body.id}`)).status).toBe(204);
  expect((await call('GET', `/${made.body.id}`)).body.revoked_at).toBe(body.revoked_at);
  expect((await call('PATCH', `/${made.body.id}`, { body: { name: 'again' } })).body.code).toBe('conflict');
  expect((await call('POST', `/${made.body.id}/rotate`, { body: {} })).body.code).toBe('conflict');
});

it('refuses an expired key, also one that this node remembers', async () => {
  const expires = new Date(Date.now() + 1_000).toISOString();
  const made = await call('POST', '', { body: { name: 'soon', expires_at: expires } });
  expect(await works(made.body.key)).toBe(200);
  await expect.poll(() => works(made.body.key), { timeout: 3_000 }).toBe(401);
  const past = await call('POST', '', { body: { name: 'past', expires_at: '2020-01-01T00:00:00Z' } });
  expect(past.body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/expires_at' }] });
});

it('makes one key for two equal requests at once, and says which answer is a replay', async () => {
  const send = () => call('POST', '', { body: { name: 'twice' }, key: 'twice-1' });
  const answers = await Promise.all([send(), send(), send()]);
  answers.push(await send());
  expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201]);
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  const originals = answers.filter((answer) => answer.body.key !== null);
  expect(originals).toHaveLength(1);
  expect(originals[0]?.headers.get('idempotent-replayed')).toBeNull();
  expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(3);
  expect(await countKeys('twice')).toBe(1);
  // Members in another order, and the key in the draft's quoted form, are the same request.
  const same = await call('POST', '', { body: { scopes: ['read', 'write'], name: 'twice' }, key: '"twice-1"' });
  expect(same.body.id).toBe(answers[0]?.body.id);
  const other = await call('POST', '', { body: { name: 'thrice' }, key: 'twice-1' });
  expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  expect(await countKeys('thrice')).toBe(0);
});

it('keeps idempotency keys of organizations apart', async () => {
  const other = await makeTenant(api, { plan: 'professional' });
  const mine = await call('POST', '', { body: { name: 'apart' }, key: 'apart' });
  const theirs = await call('POST', '', { body: { name: 'apart' }, key: 'apart', token: other.token });
  expect(theirs.body.id).not.toBe(mine.body.id);
  expect(theirs.body.key).toEqual(expect.any(String));
});

it('rotates: the new key has the old one’s rights, the old one goes on for the overlap only', async () => {
  const old = await call('POST', '', { body: { name: 'rotating', scopes: ['read'], requests_per_minute: 50 } });
  const next = await call('POST', `/${old.body.id}/rotate`, { body: { overlap_seconds: 1 }, key: 'rotate-1' });
  expect(next.status).toBe(201);
  expect(next.body).toMatchObject({ name: 'rotating', scopes: ['read'], requests_per_minute: 50, expires_at: null });
  expect([await works(old.body.key), await works(next.body.key)]).toEqual([200, 200]);
  const replay = await call('POST', `/${old.body.id}/rotate`, { body: { overlap_seconds: 1 }, key: 'rotate-1' });
  expect(replay.body).toMatchObject({ id: next.body.id, key: null });
  await expect.poll(() => works(old.body.key), { timeout: 4_000 }).toBe(401);
  expect(await works(next.body.key)).toBe(200);

  const last = await call('POST', `/${next.body.id}/rotate`, { body: { overlap_seconds: 0 }, key: 'rotate-2' });
  expect([await works(next.body.key), await works(last.body.key)]).toEqual([401, 200]);
  const again = await call('POST', `/${next.body.id}/rotate`, { body: { overlap_seconds: 0 }, key: 'rotate-2' });
  expect(again.body).toMatchObject({ id: last.body.id, key: null });
  expect(await countKeys('rotating')).toBe(3);
});

it('takes an overlap of nothing to seven days, and an overlap makes no key live longer', async () => {
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  const made = await call('POST', '', { body: { name: 'bounds', expires_at: expires } });
  const rotate = (overlap: unknown) => call('POST', `/${made.body.id}/rotate`, { body: { overlap_seconds: overlap } });
  for (const overlap of [-1, 604_801, 1.5, '60', null]) {
    const refused = await rotate(overlap);
    expect(refused.body, String(overlap)).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: '/overlap_seconds' }],
    });
  }
  expect(await countKeys('bounds')).toBe(1);
  const next = await rotate(604_800);
  expect([next.status, next.body.expires_at]).toEqual([201, expires]);
  expect((await call('GET', `/${made.body.id}`)).body.expires_at).toBe(expires);
});

it('gives the successor the budget and the addresses of the old key', async () => {
  const bounds = { monthly_credit_budget: 70, allowed_ips: ['203.0.113.0/24', '2001:db8::1'] };
  const made = await call('POST', '', { body: { name: 'bounded', ...bounds } });
  expect(made.body).toMatchObject(bounds);
  const next = await call('POST', `/${made.body.id}/rotate`, { body: {} });
  expect(next.body).toMatchObject(bounds);
  const freed = await call('PATCH', `/${next.body.id}`, { body: { monthly_credit_budget: null, allowed_ips: null } });
  expect(freed.body).toMatchObject({ monthly_credit_budget: null, allowed_ips: null });
});

it('lets no key shed its own budget or addresses, but rotate and revoke', async () => {
  for (const bounds of [{ monthly_credit_budget: 5 }, { allowed_ips: ['127.0.0.1'] }]) {
    const made = await call('POST', '', { body: { name: 'own', scopes: ['admin'], ...bounds } });
    const token = String(made.body.key);
    const free = { monthly_credit_budget: null, allowed_ips: null };
    expect((await call('POST', '', { token, body: { name: 'free' } })).body.code).toBe('forbidden');
    expect((await call('PATCH', `/${made.body.id}`, { token, body: free })).body.code).toBe('forbidden');
    const next = await call('POST', `/${made.body.id}/rotate`, { token, body: {} });
    expect(next.body).toMatchObject(bounds);
    expect((await call('DELETE', `/${made.body.id}`, { token })).status).toBe(204);
  }
});

it('lets nobody make, raise or take over a key beyond their own rights', async () => {
  const manager = await addMember(api, tenant, 'manager');
  const { token } = manager;
  expect((await call('POST', '', { token, body: { name: 'm', scopes: ['admin'] } })).status).toBe(403);
  const own = await call('POST', '', { token, body: { name: 'm', scopes: ['write'] } });
  expect(own.status).toBe(201);
  expect((await call('PATCH', `/${own.body.id}`, { token, body: { scopes: ['admin'] } })).status).toBe(403);
  const high = await call('POST', '', { body: { name: 'high', scopes: ['admin'] } });
  expect((await call('POST', `/${high.body.id}/rotate`, { token, body: {} })).status).toBe(403);
  expect((await call('DELETE', `/${high.body.id}`, { token })).status).toBe(403);
  expect(await works(high.body.key)).toBe(200);
  const limited = await makeKey(api, tenant, { scopes: ['read', 'write'] });
  expect((await call('POST', '', { token: limited, body: { name: 'x' } })).status).toBe(403);
});

it('takes the power of a key away when its creator loses the role', async () => {
  const member = await addMember(api, tenant, 'manager');
  const made = await call('POST', '', { token: member.token, body: { name: 'demoted', scopes: ['write'] } });
  const write = () =>
    api.call('DELETE', '/api/v1/generations/0190b3a4-0000-7000-8000-000000000000', { token: String(made.body.key) });
  expect((await write()).status).toBe(404);
  await api.deps.pool.query(`update users set role = 'viewer' where id = $1`, [member.userId]);
  await expect.poll(async () => (await write()).status, { timeout: 2_000 }).toBe(403);
  expect(await works(made.body.key)).toBe(200);
});

it('refuses keys when the plan no longer includes them', async () => {
  const lapsed = await makeTenant(api, { plan: 'professional' });
  const key = await makeKey(api, lapsed);
  expect(await works(key)).toBe(200);
  await api.deps.pool.query(`update organizations set plan_id = 'free' where id = $1`, [lapsed.organizationId]);
  const featuresOf = async () => (await api.call('GET', '/api/v1/organization', { token: lapsed.token })).body.features;
  await expect.poll(featuresOf, { timeout: 2_000 }).not.toContain('api_access');
  const answer = await api.call('GET', '/api/v1/me', { token: key });
  expect(answer.body).toMatchObject({ code: 'feature_not_in_plan', feature: 'api_access', plan: 'free' });
});

it('answers another organization exactly as if the key did not exist', async () => {
  const stranger = await makeTenant(api, { plan: 'professional' });
  const made = await call('POST', '', { body: { name: 'mine' } });
  const token = stranger.token;
  for (const [method, path, body] of [
    ['GET', `/${made.body.id}`],
    ['PATCH', `/${made.body.id}`, { name: 'theirs' }],
    ['DELETE', `/${made.body.id}`],
    ['POST', `/${made.body.id}/rotate`, {}],
  ] as const) {
    expect((await call(method, path, { token, body })).status, `${method} ${path}`).toBe(404);
  }
  expect((await call('GET', '', { token })).body.data).toEqual([]);
  expect(await works(made.body.key)).toBe(200);
});
