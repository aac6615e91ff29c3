import { createHmac, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hashApiKey, isApiKey, makeApiKey } from '@base/shared/crypto/api-key';
import { until } from '@base/shared/testing/until';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { addMember, makeKey, makeTenant, signSession } from '../testing/make-tenant.ts';
import { jwtSecret, startApi, type TestApi } from '../testing/start-api.ts';
import { withChecksum } from '../testing/well-formed-key.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = (): Record<string, unknown> => ({
  sub: randomUUID(),
  aud: 'authenticated',
  role: 'authenticated',
  email: 'someone@tenant.test',
  exp: Math.floor(Date.now() / 1000) + 600,
});

describe('session tokens that are refused with 401 unauthenticated', () => {
  const refused: Record<string, () => string> = {
    'no algorithm': () => `${base64({ alg: 'none', typ: 'JWT' })}.${base64(claims())}.`,
    'no algorithm, with a signature': () => `${base64({ alg: 'none' })}.${base64(claims())}.${'a'.repeat(43)}`,
    'another secret': () => signSession({}, 'another secret that is long enough for HS256'),
    'another audience': () => signSession({ aud: 'anon' }),
    'no audience': () => signSession({ aud: undefined }),
    expired: () => signSession({ exp: Math.floor(Date.now() / 1000) - 60 }),
    'no expiry': () => signSession({ exp: undefined }),
    'not valid yet': () => signSession({ nbf: Math.floor(Date.now() / 1000) + 600 }),
    anonymous: () => signSession({ is_anonymous: true }),
    'the service role': () => signSession({ role: 'service_role', sub: undefined }),
    'the service role with a subject': () => signSession({ role: 'service_role' }),
    'the project’s anon key': () => signSession({ role: 'anon', iss: 'supabase', sub: undefined }),
    'a subject that is no uuid': () => signSession({ sub: "x' or 1=1" }),
    'another issuer': () => signSession({ iss: 'https://elsewhere.test/auth/v1' }),
    'another HMAC': () => {
      const unsigned = `${base64({ alg: 'HS512', typ: 'JWT' })}.${base64(claims())}`;
      const signature = createHmac('sha512', jwtSecret()).update(unsigned).digest('base64url');
      return `${unsigned}.${signature}`;
    },
    'a key of their own': () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return jwt.sign(claims(), privateKey, { algorithm: 'ES256', keyid: 'theirs' });
    },
    'a key inside the token': () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const header = { alg: 'ES256' as const, jwk: publicKey.export({ format: 'jwk' }) };
      return jwt.sign(claims(), privateKey, { algorithm: 'ES256', header });
    },
    'a path as key id': () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return jwt.sign(claims(), privateKey, { algorithm: 'RS256', keyid: '../../../dev/null' });
    },
    'a changed payload': () => {
      const [header, , signature] = signSession().split('.');
      return `${header}.${base64(claims())}.${signature}`;
    },
    garbage: () => 'garbage',
    'three dots': () => '...',
    'a header that is not JSON': () => 'e30x.e30.e30',
    'a publishable key': () => inject('stack').supabase_publishable_key,
  };
  it.each(Object.keys(refused))('%s', async (name) => {
    const make = refused[name];
    if (make === undefined) throw new Error('unknown case');
    const answer = await api.call('GET', '/api/v1/me', { token: make() });
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: 'unauthenticated', status: 401 });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });
});

describe('session tokens that are accepted', () => {
  it('takes a token of ours, with and without its issuer, and 20 seconds after its end', async () => {
    const issuer = `${api.deps.config.SUPABASE_URL}/auth/v1`;
    const late = Math.floor(Date.now() / 1000) - 20;
    for (const extra of [{}, { iss: issuer }, { exp: late }]) {
      const answer = await api.call('GET', '/api/v1/me', { token: signSession(extra) });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    }
  });
});

describe('tokens signed with a published key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let keys: Server;
  let node: TestApi;
  let isUp = true;
  beforeAll(async () => {
    const jwks = {
      keys: [
        { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' },
        { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'two', alg: 'RS256', use: 'sig' },
      ],
    };
    keys = createServer((_request, response) => {
      response.writeHead(isUp ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
    const { port } = keys.address() as AddressInfo; // a listening TCP server has an address object
    node = await startApi({ SUPABASE_URL: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await node.close();
    keys.close();
  });

  it('takes ES256 and RS256, needs the issuer, and never a public key as HMAC secret', async () => {
    const iss = `${node.deps.config.SUPABASE_URL}/auth/v1`;
    const sign = (key: KeyObject, options: jwt.SignOptions, extra = {}): string =>
      jwt.sign({ ...claims(), iss, ...extra }, key, options);
    const es = sign(privateKey, { algorithm: 'ES256', keyid: 'one' });
    const rs = sign(rsa.privateKey, { algorithm: 'RS256', keyid: 'two' });
    expect((await node.call('GET', '/api/v1/me', { token: es })).status).toBe(200);
    expect((await node.call('GET', '/api/v1/me', { token: rs })).status).toBe(200);
    const noIssuer = jwt.sign(claims(), privateKey, { algorithm: 'ES256', keyid: 'one' });
    expect((await node.call('GET', '/api/v1/me', { token: noIssuer })).status).toBe(401);
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const unsigned = `${base64({ alg: 'HS256', kid: 'two' })}.${base64({ ...claims(), iss })}`;
    const confused = `${unsigned}.${createHmac('sha256', pem).update(unsigned).digest('base64url')}`;
    expect((await node.call('GET', '/api/v1/me', { token: confused })).status).toBe(401);
  });

  it('goes on with the last good keys while the endpoint fails', async () => {
    isUp = false;
    const iss = `${node.deps.config.SUPABASE_URL}/auth/v1`;
    const token = jwt.sign({ ...claims(), iss }, privateKey, { algorithm: 'ES256', keyid: 'one' });
    expect((await node.call('GET', '/api/v1/me', { token })).status).toBe(200);
  });
});

describe('API keys', () => {
  it('takes a key as Bearer, as X-API-Key, and as both when they are the same', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const key = await makeKey(api, tenant);
    const path = '/api/v1/me';
    expect((await api.call('GET', path, { token: key })).status).toBe(200);
    expect((await api.call('GET', path, { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await api.call('GET', path, { token: key, headers: { 'x-api-key': key } })).status).toBe(200);
    const both = await api.call('GET', path, { token: tenant.token, headers: { 'x-api-key': key } });
    expect(both.status).toBe(401);
    expect(both.body.detail).toContain('two different credentials');
  });

  it('refuses a typing error and a key that does not exist', async () => {
    const typo = `${makeApiKey().slice(0, -1)}!`;
    for (const key of [typo, makeApiKey(), 'base_live_short', 'base_', '']) {
      const answer = await api.call('GET', '/api/v1/me', { headers: { 'x-api-key': key } });
      expect(answer.status).toBe(401);
    }
  });

  it('asks for a wrong key by its hash alone, so that no time tells how much of it is right', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const right = await makeKey(api, tenant);
    const body = right.slice(0, 52);
    const almost = withChecksum(`${body}${right[52] === 'x' ? 'y' : 'x'}`);
    expect(isApiKey(almost)).toBe(true);
    const headers = { 'x-forwarded-for': '203.0.113.78' };
    const query = vi.spyOn(api.deps.pool, 'query');
    for (const key of [almost, makeApiKey()]) {
      query.mockClear();
      expect((await api.call('GET', '/api/v1/me', { token: key, headers })).status).toBe(401);
      const asked = query.mock.calls.filter(([sql]) => String(sql).includes('authenticate_api_key'));
      expect(asked).toEqual([['select * from public.authenticate_api_key($1)', [hashApiKey(key)]]]);
    }
    query.mockRestore();
  });

  it('answers an address that tries many unknown keys with 429, and lets known keys pass', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const key = await makeKey(api, tenant);
    const headers = { 'x-forwarded-for': '203.0.113.77' };
    let status = 401;
    for (let tries = 0; tries < 80 && status === 401; tries += 1) {
      status = (await api.call('GET', '/api/v1/me', { token: makeApiKey(), headers })).status;
    }
    expect(status).toBe(429);
    expect((await api.call('GET', '/api/v1/me', { token: key })).status).toBe(200);
  });
});

describe('the first call', () => {
  it('makes one user, one organization and one grant of 50 credits when ten come at once', async () => {
    const userId = randomUUID();
    const email = `${userId}@first.test`;
    // Different tokens on two nodes, so that no cache helps.
    const other = await startApi();
    const calls = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? api : other).call('GET', '/api/v1/me', {
        token: signSession({ sub: userId, email, jti: index }),
      }),
    );
    const answers = await Promise.all(calls);
    await other.close();
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 200));
    const organizations = new Set(answers.map((answer) => JSON.stringify(answer.body.organization)));
    expect(organizations.size).toBe(1);
    const { rows } = await api.deps.pool.query(
      `select (select count(*) from users where email = $1) as users,
        (select sum(g.amount) from credit_grants g join users u on u.organization_id = g.organization_id where u.id = $2) as credits`,
      [email, userId],
    );
    expect(rows[0]).toMatchObject({ users: 1 });
    expect(Number(rows[0]?.credits)).toBe(50);
  });
});

describe('what changes is noticed by other nodes within two seconds', () => {
  it('refuses a revoked key, a person and an organization switched off, and follows a changed role', async () => {
    const other = await startApi();
    try {
      const tenant = await makeTenant(api, { plan: 'professional' });
      const member = await addMember(api, tenant, 'member');
      const key = await makeKey(api, tenant);
      const me = (token: string) => other.call('GET', '/api/v1/me', { token });
      const codeOf = async (token: string) => (await me(token)).body.code ?? 'fine';
      const within = { timeout: 2_000, interval: 50 };
      expect([await codeOf(key), await codeOf(member.token), await codeOf(tenant.token)]).toEqual([
        'fine',
        'fine',
        'fine',
      ]);

      const { body } = await api.call('GET', '/api/v1/api-keys', { token: tenant.token });
      const [listed] = body.data as { id: string }[]; // the list answered above has this shape
      expect((await api.call('DELETE', `/api/v1/api-keys/${listed?.id}`, { token: tenant.token })).status).toBe(204);
      expect((await api.call('GET', '/api/v1/me', { token: key })).status).toBe(401);
      await vi.waitFor(async () => expect(await codeOf(key)).toBe('unauthenticated'), within);

      await api.deps.pool.query(`update users set role = 'viewer' where id = $1`, [member.userId]);
      await vi.waitFor(async () => expect((await me(member.token)).body.role).toBe('viewer'), within);
      await api.deps.pool.query('update users set is_active = false where id = $1', [member.userId]);
      await vi.waitFor(async () => expect(await codeOf(member.token)).toBe('account_inactive'), within);

      await api.deps.pool.query('update organizations set is_active = false where id = $1', [tenant.organizationId]);
      await vi.waitFor(async () => expect(await codeOf(tenant.token)).toBe('organization_inactive'), within);
    } finally {
      await other.close();
    }
  });
});

it('asks Postgres once for many calls of one person at once', async () => {
  const tenant = await makeTenant(api);
  const countQuestions = async () => {
    api.deps.authenticator.forget([{ kind: 'user', id: tenant.userId }]);
    const query = vi.spyOn(api.deps.pool, 'query');
    const calls = Array.from({ length: 20 }, () => api.call('GET', '/api/v1/models', { token: tenant.token }));
    expect((await Promise.all(calls)).every((answer) => answer.status === 200)).toBe(true);
    const asked = query.mock.calls.filter(([sql]) => String(sql).includes('authenticate_user'));
    query.mockRestore();
    return asked.length;
  };
  // The change feed may tell of the new account in the midst of the calls, which is a reason to ask once more; it tells
  // each change once, so a later round is free of it.
  const rounds = [await countQuestions(), await countQuestions()];
  expect(Math.max(...rounds)).toBeLessThanOrEqual(2);
  await until('a round that asks once', async () => (await countQuestions()) === 1);
});
