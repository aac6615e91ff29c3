import { readFileSync } from 'node:fs';
import path from 'node:path';
import { keyProblems, keyProviders, providerWithOwnAddress } from '@base/shared/contracts/provider-keys';
import { createSecretBox, providerKeyContext, type SecretBox } from '@base/shared/crypto/secret-box';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
/** As the API and the stack's worker have it. */
let secretBox: SecretBox;
beforeAll(async () => {
  api = await startApi({ OPENAI_COMPATIBLE_HOSTS: ['*.models.test'] });
  secretBox = createSecretBox(api.deps.config.MASTER_KEYS);
  tenant = await makeTenant(api, { plan: 'enterprise' });
});
afterAll(() => api.close());

const call = (method: string, at: string, options: { body?: unknown; token?: string } = {}): Promise<Answer> =>
  api.call(method, `/api/v1/provider-keys${at}`, { token: tenant.token, ...options });
const put = (provider: string, key: string, { token } = tenant) =>
  call('PUT', `/${provider}`, { token, body: { key } });
const rowOf = async (provider: string, { organizationId } = tenant) => {
  const { rows } = await api.deps.pool.query(
    'select * from provider_api_keys where organization_id = $1 and provider = $2',
    [organizationId, provider],
  );
  return rows[0];
};

/** The key once the worker has asked the provider. */
async function checked(provider: string, { token } = tenant): Promise<Record<string, unknown>> {
  const read = () => call('GET', `/${provider}`, { token });
  const isChecked = async () => {
    const { status, body } = await read();
    expect(status).toBe(200);
    return body.state !== 'checking' && body;
  };
  // Rarely enough for the limit of a person, 300 a minute.
  const options = { intervalMs: 200, timeoutMs: 30_000, explain: async () => (await read()).text };
  return until(`the key for ${provider} is checked`, isChecked, options);
}

/** Puts other bytes in the place of the stored key, as the API never would. */
async function overwrite(provider: string, ciphertext: Buffer, { organizationId } = tenant): Promise<void> {
  await api.deps.pool.query(
    'update provider_api_keys set ciphertext = $3 where organization_id = $1 and provider = $2',
    [organizationId, provider, ciphertext],
  );
}

describe.each(keyProviders.filter((provider) => provider !== providerWithOwnAddress))('a key for %s', (provider) => {
  it('is stored, checked, found invalid, replaced and removed', async () => {
    const own = await makeTenant(api, { plan: 'enterprise' });
    const stored = await put(provider, 'a-first-key-1234', own);
    expect(stored.status, stored.text).toBe(200);
    const unchecked = { object: 'provider_key', provider, base_url: null, state: 'checking', last_error: null };
    expect(stored.body).toEqual({
      ...unchecked,
      hint: '…1234',
      validated_at: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const valid = { state: 'valid', last_error: null, validated_at: expect.any(String) };
    expect(await checked(provider, own)).toMatchObject({ hint: '…1234', ...valid });

    // The one key that the stand-ins refuse is shorter than the API takes.
    await overwrite(provider, secretBox.seal('invalid', providerKeyContext(own.organizationId, provider)), own);
    const asked = await call('POST', `/${provider}/validate`, { token: own.token });
    expect([asked.status, asked.body.state]).toEqual([202, 'checking']);
    expect(await checked(provider, own)).toMatchObject({ state: 'invalid', last_error: keyProblems.refused });

    const replaced = await put(provider, 'a-second-key-5678', own);
    expect(replaced.body).toMatchObject({ ...unchecked, hint: '…5678', created_at: stored.body.created_at });
    expect(await checked(provider, own)).toMatchObject({ hint: '…5678', ...valid });

    expect((await call('DELETE', `/${provider}`, { token: own.token })).status).toBe(204);
    expect(await rowOf(provider, own)).toBeUndefined();
    for (const [method, at] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/validate'],
    ] as const) {
      const gone = await call(method, `/${provider}${at}`, { token: own.token });
      expect(gone.body).toMatchObject({ status: 404, detail: `No key of your own is stored for ${provider}.` });
    }
  });
});

it('says so when a key can no longer be decrypted, until it is stored again', async () => {
  await put('openai', 'a-key-before-1234');
  await checked('openai');
  await overwrite('openai', createSecretBox([`lost:${'A'.repeat(43)}=`]).seal('a-key-before-1234', 'elsewhere'));
  await call('POST', '/openai/validate');
  expect(await checked('openai')).toMatchObject({ state: 'invalid', last_error: keyProblems.undecryptable });
  await put('openai', 'a-key-after-1234');
  expect(await checked('openai')).toMatchObject({ state: 'valid', last_error: null });
});

it('keeps one key per provider, lists them, and never mixes two that are stored at once', async () => {
  const own = await makeTenant(api, { plan: 'enterprise' });
  const keys = [1, 2, 3, 4, 5, 6].map((number) => `a-parallel-key-${number}${number}${number}${number}`);
  const answers = await Promise.all(keys.map((key) => put('fal', key, own)));
  expect(answers.map((answer) => answer.status)).toEqual(keys.map(() => 200));
  await put('elevenlabs', 'another-key-0000', own);
  const { body } = await call('GET', '', { token: own.token });
  expect(body).toMatchObject({ data: [{ provider: 'elevenlabs' }, { provider: 'fal' }], has_more: false });
  const row = await rowOf('fal', own);
  const text = secretBox.open(row.ciphertext, providerKeyContext(own.organizationId, 'fal'));
  expect(keys).toContain(text);
  expect(row.last4).toBe(text.slice(-4));
});

describe('bad input', () => {
  const key = 'a-good-key-1234';
  it.each([
    ['openai', { key: 'short' }, '/key', 'must have at least 8 characters'],
    ['openai', { key: 'k'.repeat(501) }, '/key', 'must have at most 500 characters'],
    ['openai', { key: ` ${key}` }, '/key', 'must be ASCII without spaces and control characters'],
    ['openai', { key: `${key}\n` }, '/key', 'must be ASCII without spaces and control characters'],
    ['openai', { key: `${key}\u007f` }, '/key', 'must be ASCII without spaces and control characters'],
    ['openai', { key: `${key}é` }, '/key', 'must be ASCII without spaces and control characters'],
    ['openai', {}, '/key', 'is required (string)'],
    ['openai', { key, api_key: key }, '/api_key', 'is not a known field'],
    ['openai', { key, base_url: 'https://one.models.test' }, '/base_url', /only for openai-compatible/],
    ['openai-compatible', { key }, '/base_url', 'is required for openai-compatible'],
    ['openai-compatible', { key, base_url: 'http://one.models.test' }, '/base_url', 'must be an https address'],
    ['openai-compatible', { key, base_url: 'one.models.test' }, '/base_url', 'must be an https address'],
    ['openai-compatible', { key, base_url: 'https://models.example' }, '/base_url', /\*\.models\.test/],
    ['openai-compatible', { key, base_url: 'https://a:b@one.models.test' }, '/base_url', /user name/],
    ['openai-compatible', { key, base_url: 'https://one.models.test/v1?a=b' }, '/base_url', /query/],
  ])('for %s, %j is refused at %s, and nothing is changed', async (provider, body, pointer, detail) => {
    const own = await makeTenant(api, { plan: 'enterprise' });
    const answer = await call('PUT', `/${provider}`, { token: own.token, body });
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid_request', errors: [{ pointer }] });
    const [problem] = answer.body.errors as { detail: string }[]; // a problem document has them
    expect(problem?.detail).toMatch(detail);
    expect(answer.text).not.toContain(key);
    expect(await rowOf(provider, own)).toBeUndefined();
  });

  it('tells which providers there are when it does not know one', async () => {
    const detail = `There is no such provider. Own keys can be stored for ${keyProviders.join(', ')}.`;
    for (const [method, at] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/validate'],
      ['PUT', ''],
    ] as const) {
      const body = method === 'PUT' ? { body: { key } } : {};
      expect((await call(method, `/stability${at}`, body)).body).toMatchObject({ status: 404, detail });
    }
  });
});

it('keeps the address of an OpenAI-compatible endpoint', async () => {
  const base_url = 'https://one.models.test/v1';
  const { body } = await call('PUT', '/openai-compatible', { body: { key: 'a-key-1234', base_url } });
  expect(body).toMatchObject({ base_url, state: 'checking' });
  await call('DELETE', '/openai-compatible');
});

it('lets managers read and admins write; keys need the scope admin', async () => {
  const own = await makeTenant(api, { plan: 'enterprise' });
  await put('openai', 'a-key-of-ours-1234', own);
  const callers: Record<string, string> = {};
  for (const role of ['viewer', 'member', 'manager', 'admin'] as const)
    callers[role] = (await addMember(api, own, role)).token;
  for (const scope of ['write', 'admin'] as const)
    callers[`key with ${scope}`] = await makeKey(api, own, { scopes: [scope] });
  const found: Record<string, number[]> = {};
  for (const [caller, token] of Object.entries(callers)) {
    const answers = [
      await call('GET', '', { token }),
      await call('GET', '/openai', { token }),
      await call('PUT', '/openai', { token, body: { key: 'a-new-key-1234' } }),
      await call('POST', '/openai/validate', { token }),
      await call('DELETE', '/replicate', { token }),
    ];
    found[caller] = answers.map((answer) => answer.status);
  }
  expect(found).toEqual({
    viewer: [403, 403, 403, 403, 403],
    member: [403, 403, 403, 403, 403],
    manager: [200, 200, 403, 403, 403],
    admin: [200, 200, 200, 202, 404],
    'key with write': [403, 403, 403, 403, 403],
    'key with admin': [200, 200, 200, 202, 404],
  });
});

it('answers another organization exactly as if there were no key', async () => {
  await put('replicate', 'a-key-of-ours-1234');
  const before = await rowOf('replicate');
  const stranger = await makeTenant(api, { plan: 'enterprise' });
  const { token } = stranger;
  expect((await call('GET', '', { token })).body.data).toEqual([]);
  for (const [method, at] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/validate'],
  ] as const) {
    expect((await call(method, `/replicate${at}`, { token })).status).toBe(404);
  }
  await put('replicate', 'a-key-of-theirs-5678', stranger);
  expect((await rowOf('replicate')).ciphertext).toEqual(before.ciphertext);
  // Not even a copy of the row's bytes is of use to them.
  await overwrite('replicate', before.ciphertext, stranger);
  await call('POST', '/replicate/validate', { token });
  expect(await checked('replicate', stranger)).toMatchObject({
    state: 'invalid',
    last_error: keyProblems.undecryptable,
  });
});

it('shows a key to nobody: not in answers, rows or logs', async () => {
  const own = await makeTenant(api, { plan: 'enterprise' });
  const secret = 'PLANTED-provider-key';
  const answers = [
    await put('freepik', `${secret}-1234`, own),
    await put('freepik', `${secret} with a space`, own),
    await put('freepik', `${secret}${'x'.repeat(500)}`, own),
    await put('nobody', `${secret}-1234`, own),
    await call('PUT', '/freepik', {
      token: own.token,
      body: { key: `${secret}-1234`, base_url: `https://${secret}.test` },
    }),
    await call('POST', '/freepik/validate', { token: own.token }),
  ];
  await checked('freepik', own);
  answers.push(await call('GET', '/freepik', { token: own.token }), await call('GET', '', { token: own.token }));
  const logs = readFileSync(path.join(inject('stack').data_dir, 'logs', 'worker.log'), 'utf8') + api.logged();
  const row = await rowOf('freepik', own);
  const seen = [...answers.map(({ text }) => text), logs, JSON.stringify(row), row.ciphertext.toString('latin1')];
  for (const text of seen) expect(text).not.toContain('PLANTED');
});
