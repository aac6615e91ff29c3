import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { makeTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const password = 'correct horse battery';
let address = 0;
// Each call from an address of its own: sign-in is limited to 20 a minute per address.
const post = (path: string, body: unknown, token?: string) => {
  address += 1;
  return api.call('POST', `/api/v1/auth${path}`, {
    body,
    headers: { 'x-forwarded-for': `10.9.${address >> 8}.${address & 255}` },
    ...(token === undefined ? {} : { token }),
  });
};
const newEmail = () => `${randomUUID()}@people.test`;

it('registers, works at once with 50 credits, logs in, refreshes and logs out', async () => {
  const email = newEmail();
  const made = await post('/register', { email: email.toUpperCase(), password, full_name: 'Ana' });
  expect(made.status, made.text).toBe(201);
  expect(made.body).toMatchObject({ token_type: 'bearer', user: { email } });
  const me = await api.call('GET', '/api/v1/me', { token: String(made.body.access_token) });
  expect(me.body).toMatchObject({ email, full_name: 'Ana', role: 'admin' });
  const credits = await api.call('GET', '/api/v1/me/credits', { token: String(made.body.access_token) });
  expect(credits.body.current).toBe(50);

  const login = await post('/login', { email, password });
  expect(login.status).toBe(200);
  const refreshed = await post('/refresh', { refresh_token: login.body.refresh_token });
  expect(refreshed.status).toBe(200);
  expect(refreshed.body.refresh_token).not.toBe(login.body.refresh_token);
  const token = String(refreshed.body.access_token);
  expect((await api.call('GET', '/api/v1/me', { token })).body.last_login_at).toEqual(expect.any(String));
  expect((await post('/logout', undefined, token)).status).toBe(204);
  expect((await post('/refresh', { refresh_token: refreshed.body.refresh_token })).body.code).toBe('unauthenticated');
});

it('tells a taken address at registration, and nowhere else whether there is an account', async () => {
  const email = newEmail();
  await post('/register', { email, password });
  expect((await post('/register', { email, password: 'another password' })).body.code).toBe('email_taken');
  const wrong = await post('/login', { email, password: 'wrong' });
  const nobody = await post('/login', { email: newEmail(), password: 'wrong' });
  expect(wrong.body).toMatchObject({ status: 401, code: 'invalid_credentials' });
  expect({ ...nobody.body, request_id: '' }).toEqual({ ...wrong.body, request_id: '' });
  const known = await post('/password/forgot', { email });
  const unknown = await post('/password/forgot', { email: newEmail() });
  expect([known.status, unknown.status]).toEqual([202, 202]);
  expect(known.text).toBe(unknown.text);
});

it('answers a wish for another confirmation link the same whatever becomes of it', async () => {
  const email = newEmail();
  await post('/register', { email, password });
  const resend = vi.spyOn(api.deps.authGateway, 'resendConfirmation');
  const redirect_to = 'https://app.test/confirmed';
  const known = await post('/verification/resend', { email: email.toUpperCase(), redirect_to });
  const unknown = await post('/verification/resend', { email: newEmail() });
  resend.mockRejectedValueOnce(new Error('Supabase is gone'));
  const failed = await post('/verification/resend', { email });
  expect(resend.mock.calls[0]).toEqual([email, redirect_to]);
  resend.mockRestore();
  expect([known.status, unknown.status, failed.status]).toEqual([202, 202, 202]);
  expect(new Set([known.text, unknown.text, failed.text]).size).toBe(1);
});

it('asks Supabase for the link again, with where it should lead', async () => {
  const asked: { url: string; body: unknown }[] = [];
  const supabase = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push({ url: request.url ?? '', body: JSON.parse(text) });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => supabase.listen(0, '127.0.0.1', resolve));
  const { port } = supabase.address() as AddressInfo; // a listening TCP server has an address object
  const node = await startApi({ SUPABASE_URL: `http://127.0.0.1:${port}` });
  const email = newEmail();
  const answer = await node.call('POST', '/api/v1/auth/verification/resend', {
    body: { email, redirect_to: 'https://app.test/confirmed' },
    headers: { 'x-forwarded-for': '10.8.0.2' },
  });
  await node.close();
  supabase.close();
  expect(answer.status).toBe(202);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body).toMatchObject({ type: 'signup', email });
  expect(asked[0]?.url).toBe(`/auth/v1/resend?redirect_to=${encodeURIComponent('https://app.test/confirmed')}`);
});

describe('input', () => {
  it.each([
    ['/register', { email: 'x', password }, '/email'],
    ['/register', { email: newEmail(), password: 'short' }, '/password'],
    ['/register', { email: newEmail(), password: 'x'.repeat(73) }, '/password'],
    ['/register', { email: newEmail(), password, role: 'admin' }, '/role'],
    ['/login', { email: newEmail() }, '/password'],
    ['/password/reset', { password }, ''],
    ['/password/reset', { password, token_hash: 'a', access_token: 'b' }, ''],
    ['/password/forgot', { email: newEmail(), redirect_to: 'javascript:alert(1)' }, '/redirect_to'],
    ['/verification/resend', { email: newEmail(), redirect_to: 'javascript:alert(1)' }, '/redirect_to'],
    ['/verification/resend', { email: 'nobody' }, '/email'],
  ])('%s %j is refused at %s', async (path, body, pointer) => {
    const answer = await post(path, body);
    expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  it('refuses a reset link and a refresh token that are not ours', async () => {
    expect((await post('/password/reset', { token_hash: 'nothing', password })).body.code).toBe('unauthenticated');
    expect((await post('/password/reset', { access_token: 'nothing', password })).body.code).toBe('unauthenticated');
    expect((await post('/refresh', { refresh_token: 'nothing' })).body.code).toBe('unauthenticated');
  });
});

it('sets a new password with the link from the e-mail, once', async () => {
  const mailUrl = inject('stack').supabase_mail_url;
  // A hosted project sends real mail, which a test cannot read.
  if (mailUrl === null) return;
  const email = newEmail();
  await post('/register', { email, password });
  await post('/password/forgot', { email });
  const mails = await (await fetch(`${mailUrl}?to=${encodeURIComponent(email)}`)).text();
  const tokenHash = /token_hash=([^"&\\]+)|"token_hash":"([^"]+)"|token=([^"&\\]+)/.exec(mails)?.slice(1).find(Boolean);
  const reset = await post('/password/reset', { token_hash: tokenHash, password: 'a new password' });
  expect(reset.status, `${reset.text} ${mails}`).toBe(204);
  expect((await post('/login', { email, password })).status).toBe(401);
  expect((await post('/login', { email, password: 'a new password' })).status).toBe(200);
  expect((await post('/password/reset', { token_hash: tokenHash, password: 'a third password' })).status).toBe(401);
});

it('refuses to log an API key out', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const made = await api.call('POST', '/api/v1/api-keys', {
    token: tenant.token,
    body: { name: 'k', scopes: ['admin'] },
  });
  expect((await post('/logout', undefined, String(made.body.key))).status).toBe(403);
});

it('answers 503 while Supabase is gone, not 500', async () => {
  const lonely = await startApi({ SUPABASE_URL: 'http://127.0.0.1:9' });
  const answer = await lonely.call('POST', '/api/v1/auth/login', {
    body: { email: newEmail(), password },
    headers: { 'x-forwarded-for': '10.8.0.1' },
  });
  await lonely.close();
  expect(answer.body).toMatchObject({ status: 503, code: 'service_unavailable' });
});
