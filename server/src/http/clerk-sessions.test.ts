import { createHmac, generateKeyPairSync } from 'node:crypto';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import jwt from 'jsonwebtoken';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { signSession } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import { makeRsaKeys, newClerkName, startClerk, type TestClerk } from '../testing/start-clerk.ts';
import { createSessionTokens } from './session-tokens.ts';

const parties = ['https://app.test', 'https://admin.test'];

let clerk: TestClerk;
let api: TestApi;
beforeAll(async () => {
  clerk = await startClerk();
  clerk.keys.set('ins_2', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  api = await startApi({ CLERK_ISSUER: clerk.issuer, CLERK_AUTHORIZED_PARTIES: parties });
});
afterAll(async () => {
  await api.close();
  await clerk.close();
});
afterEach(() => {
  vi.useRealTimers();
});

const getMe = (token: string, node = api) => node.call('GET', '/api/v1/me', { token });
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a session of Clerk', () => {
  it('makes an account with its own id, and finds it again', async () => {
    const sub = newClerkName();
    const first = await getMe(clerk.sign({ sub }));
    expect(first.status, first.text).toBe(200);
    expect(first.body).toMatchObject({ id: clerkUserId(clerk.issuer, sub), email: '', full_name: null, role: 'admin' });
    const again = await getMe(clerk.sign({ sub, azp: parties[1], jti: 'another' }));
    expect(again.body.organization).toEqual(first.body.organization);
  });

  it('gives e-mail and name when the token was customized', async () => {
    const { body } = await getMe(clerk.sign({ email: 'Ana@people.test', full_name: 'Ana Lima' }));
    expect(body).toMatchObject({ email: 'ana@people.test', full_name: 'Ana Lima' });
    expect((await getMe(clerk.sign({ name: 'Bia' }))).body).toMatchObject({ email: '', full_name: 'Bia' });
  });

  it('may be signed with ES256, need not be of version 2, and is good for 30 seconds more', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: clerk.issuer, sub: newClerkName(), azp: parties[0], exp: now - 20 };
    const { privateKey } = clerk.keys.get('ins_2') ?? makeRsaKeys(); // set above
    const token = jwt.sign(claims, privateKey, { algorithm: 'ES256', keyid: 'ins_2' });
    expect((await getMe(token)).status).toBe(200);
  });

  it('does not disturb those of Supabase', async () => {
    expect((await getMe(signSession())).status).toBe(200);
  });
});

describe('refused with 401 unauthenticated', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const refused: Record<string, () => string> = {
    'another application': () => clerk.sign({ azp: 'https://elsewhere.test' }),
    'no application': () => clerk.sign({ azp: undefined }),
    'a pending session': () => clerk.sign({ sts: 'pending' }),
    expired: () => clerk.sign({ exp: now() - 40 }),
    'no expiry': () => clerk.sign({ exp: undefined }),
    'not valid yet': () => clerk.sign({ nbf: now() + 60 }),
    'a machine': () => clerk.sign({ sub: 'mch_2abc' }),
    'no subject': () => clerk.sign({ sub: undefined }),
    'an access token for another application': () => clerk.sign({}, { typ: 'at+jwt' }),
    'an unknown key': () => clerk.sign({}, { kid: 'ins_9' }),
    'another key under a known id': () => {
      const claims = { iss: clerk.issuer, sub: newClerkName(), azp: parties[0], exp: now() + 60 };
      return jwt.sign(claims, makeRsaKeys().privateKey, { algorithm: 'RS256', keyid: 'ins_1' });
    },
    'an issuer that only begins like ours': () => clerk.sign({ iss: `${clerk.issuer}.elsewhere.test` }),
    'our issuer with a slash': () => clerk.sign({ iss: `${clerk.issuer}/` }),
    'several issuers': () => clerk.sign({ iss: [clerk.issuer] }),
    'no issuer': () => clerk.sign({ iss: undefined }),
    'the issuer of Supabase': () => {
      const supabase = { role: 'authenticated', aud: 'authenticated', sub: clerkUserId(clerk.issuer, newClerkName()) };
      return clerk.sign({ ...supabase, iss: `${api.deps.config.SUPABASE_URL}/auth/v1` });
    },
    'the secret of Supabase': () => signSession({ iss: clerk.issuer, sub: newClerkName(), azp: parties[0] }),
    'HS256 with the public key as secret': () => {
      const { publicKey } = clerk.keys.get('ins_1') ?? makeRsaKeys(); // set at the start
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const claims = { iss: clerk.issuer, sub: newClerkName(), azp: parties[0], exp: now() + 60 };
      const unsigned = `${base64({ alg: 'HS256', typ: 'JWT', kid: 'ins_1' })}.${base64(claims)}`;
      return `${unsigned}.${createHmac('sha256', pem).update(unsigned).digest('base64url')}`;
    },
    'no algorithm': () => {
      const claims = { iss: clerk.issuer, sub: newClerkName(), azp: parties[0], exp: now() + 60 };
      return `${base64({ alg: 'none', typ: 'JWT', kid: 'ins_1' })}.${base64(claims)}.`;
    },
    RS384: () => {
      const claims = { iss: clerk.issuer, sub: newClerkName(), azp: parties[0], exp: now() + 60 };
      const { privateKey } = clerk.keys.get('ins_1') ?? makeRsaKeys(); // set at the start
      return jwt.sign(claims, privateKey, { algorithm: 'RS384', keyid: 'ins_1' });
    },
  };
  it.each(Object.keys(refused))('%s', async (name) => {
    const make = refused[name];
    if (make === undefined) throw new Error('unknown case');
    const answer = await getMe(make());
    expect([answer.status, answer.body.code], answer.text).toEqual([401, 'unauthenticated']);
  });

  it('every session of Clerk where Clerk is not set up', async () => {
    const node = await startApi();
    const answer = await getMe(clerk.sign(), node);
    await node.close();
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
  });
});

it('takes any application of the instance when none is named', async () => {
  const node = await startApi({ CLERK_ISSUER: clerk.issuer });
  const answers = [await getMe(clerk.sign({ azp: undefined }), node), await getMe(clerk.sign(), node)];
  await node.close();
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
});

it('picks up a new key half a minute after it asked last, and goes on with the keys it has while Clerk is away', async () => {
  const changing = await startClerk();
  const tokens = createSessionTokens({ ...api.deps.config, CLERK_ISSUER: changing.issuer });
  const verified = expect.objectContaining({ userId: expect.any(String) });
  expect(await tokens.verify(changing.sign())).toEqual(verified);
  changing.keys.clear();
  changing.keys.set('ins_new', makeRsaKeys());
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 31_000);
  expect(await tokens.verify(changing.sign())).toEqual(verified);
  const later = Date.now() + 601_000;
  const token = changing.sign({ exp: Math.floor(later / 1000) + 60 });
  await changing.close();
  vi.setSystemTime(later);
  expect(await tokens.verify(token)).toEqual(verified);
});

it('answers 503 when the keys were never to be had', async () => {
  const gone = await startClerk();
  await gone.close();
  const node = await startApi({ CLERK_ISSUER: gone.issuer });
  const answer = await getMe(gone.sign(), node);
  await node.close();
  expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
});
