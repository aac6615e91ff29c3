import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEventTokens } from '../../http/event-tokens.ts';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, type CallOptions, startApi, type TestApi } from '../../testing/start-api.ts';
import { completeTextJob, type TakenJob, takeTextJob } from '../../testing/text-jobs.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

interface Scene {
  tenant: TestTenant;
  job: TakenJob;
  other: TakenJob;
}

/** An organization with two jobs, of which the first has ended: its stream ends by itself. */
async function setScene(): Promise<Scene> {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const [job, other] = [await takeTextJob(api, tenant), await takeTextJob(api, tenant)];
  await completeTextJob(api, job, { text: 'a kite' });
  return { tenant, job, other };
}

async function makeToken(token: string, jobId?: string): Promise<string> {
  const answer = await api.call('POST', '/api/v1/event-tokens', { token, body: { job_id: jobId } });
  expect(answer.status, answer.text).toBe(201);
  return String(answer.body.token);
}

const open = (jobId: string, token: string, options?: CallOptions): Promise<Answer> =>
  api.call('GET', `/api/v1/jobs/${jobId}/events?token=${encodeURIComponent(token)}`, options);

/** What the browser's EventSource does: a GET with nothing in it but its own headers. */
async function listenLikeBrowser(path: string, token: string): Promise<string> {
  const response = await fetch(`${api.url}${path}?token=${token}`, {
    headers: { accept: 'text/event-stream', 'cache-control': 'no-store', origin: 'https://app.test' },
  });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.test');
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  return response.text();
}

it('opens the stream of its job without any header, for a person and for an API key', async () => {
  const { tenant, job } = await setScene();
  const key = await makeKey(api, tenant, { scopes: ['read'] });
  for (const credential of [tenant.token, key]) {
    const made = await api.call('POST', '/api/v1/event-tokens', { token: credential, body: { job_id: job.id } });
    expect(made.body).toMatchObject({ path: `/api/v1/jobs/${job.id}/events` });
    const leftMs = Date.parse(String(made.body.expires_at)) - Date.now();
    expect(leftMs).toBeLessThanOrEqual(60_000);
    expect(await listenLikeBrowser(String(made.body.path), String(made.body.token))).toContain('"text":"a kite"');
  }
});

it('opens the streams of all jobs of the organization when it was made for none, and of no other organization', async () => {
  const { tenant, job } = await setScene();
  const token = await makeToken(tenant.token);
  expect((await open(job.id, token)).status).toBe(200);
  const foreign = await setScene();
  expect((await open(foreign.job.id, token)).status).toBe(404);
});

it('opens no stream but that of its job', async () => {
  const { tenant, job, other } = await setScene();
  const token = await makeToken(tenant.token, job.id);
  const answer = await open(other.id, token);
  expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect((await open(job.id.toUpperCase(), token)).status).toBe(200);
});

it('is made only for jobs of the organization', async () => {
  const [one, another] = [await setScene(), await setScene()];
  for (const jobId of [another.job.id, randomUUID()]) {
    const answer = await api.call('POST', '/api/v1/event-tokens', { token: one.tenant.token, body: { job_id: jobId } });
    expect(answer.body.code).toBe('not_found');
  }
});

it('is good for nothing else: no other endpoint, and no header', async () => {
  const { tenant, job } = await setScene();
  const token = await makeToken(tenant.token);
  for (const path of [`/jobs/${job.id}`, '/jobs', '/me', '/organization', '/credits']) {
    expect((await api.call('GET', `/api/v1${path}?token=${token}`)).status, path).toBe(401);
    expect((await api.call('GET', `/api/v1${path}`, { token })).status, path).toBe(401);
    expect((await api.call('GET', `/api/v1${path}`, { headers: { 'x-api-key': token } })).status, path).toBe(401);
  }
  const again = await api.call('POST', `/api/v1/event-tokens?token=${token}`, { body: {} });
  expect(again.status).toBe(401);
  const stream = `/api/v1/jobs/${job.id}/events`;
  expect((await api.call('GET', stream, { token })).status).toBe(401);
  expect((await api.call('GET', stream, { headers: { 'x-api-key': token } })).status).toBe(401);
});

it('refuses a token beside a header, two tokens, other credentials in its place and an expired one', async () => {
  const { tenant, job } = await setScene();
  const key = await makeKey(api, tenant);
  const token = await makeToken(tenant.token, job.id);
  expect((await open(job.id, token, { token: tenant.token })).status).toBe(401);
  expect((await open(job.id, token, { headers: { 'x-api-key': key } })).status).toBe(401);
  expect((await open(job.id, token, { headers: { authorization: '' } })).status).toBe(401);
  expect((await api.call('GET', `/api/v1/jobs/${job.id}/events?token=${token}&token=${token}`)).status).toBe(401);
  for (const wrong of [tenant.token, key, '', `${token}x`]) expect((await open(job.id, wrong)).status).toBe(401);
  const grant = { userId: tenant.userId, apiKeyId: null, jobId: job.id };
  const expired = createEventTokens(api.deps.config, () => Date.now() - 61_000).make(grant).token;
  expect((await open(job.id, expired)).status).toBe(401);
  expect((await open(job.id, token)).status).toBe(200);
});

it('ends at once with whoever made it: a removed or deactivated person, a revoked key, an address not allowed', async () => {
  const { tenant, job } = await setScene();
  const [gone, off] = [await addMember(api, tenant, 'viewer'), await addMember(api, tenant, 'viewer')];
  const [goneToken, offToken] = [await makeToken(gone.token), await makeToken(off.token)];
  expect((await open(job.id, goneToken)).status).toBe(200);
  expect((await open(job.id, offToken)).status).toBe(200);
  const asAdmin = { token: tenant.token };
  const member = (person: TestTenant) => `/api/v1/organization/members/${person.userId}`;
  expect((await api.call('DELETE', member(gone), asAdmin)).status).toBe(204);
  expect((await api.call('PATCH', member(off), { ...asAdmin, body: { is_active: false } })).status).toBe(200);
  expect((await open(job.id, goneToken)).body.code).toBe('account_inactive');
  expect((await open(job.id, offToken)).body.code).toBe('account_inactive');

  const made = await api.call('POST', '/api/v1/api-keys', { ...asAdmin, body: { name: 'one' } });
  const keyToken = await makeToken(String(made.body.key));
  expect((await open(job.id, keyToken)).status).toBe(200);
  const path = `/api/v1/api-keys/${made.body.id}`;
  expect((await api.call('PATCH', path, { ...asAdmin, body: { allowed_ips: ['203.0.113.5'] } })).status).toBe(200);
  expect((await open(job.id, keyToken)).body.code).toBe('forbidden');
  expect((await open(job.id, keyToken, { headers: { 'x-forwarded-for': '203.0.113.5' } })).status).toBe(200);
  expect((await api.call('DELETE', path, asAdmin)).status).toBe(204);
  expect((await open(job.id, keyToken)).body.code).toBe('unauthenticated');
});

it('counts against the limits of whoever made it', async () => {
  const { tenant, job } = await setScene();
  const key = await makeKey(api, tenant, { requests_per_minute: 3 });
  const token = await makeToken(key, job.id);
  const statuses = [];
  for (let index = 0; index < 4; index += 1) statuses.push((await open(job.id, token)).status);
  expect(statuses).toEqual([200, 200, 429, 429]);
});

it('is never logged, whatever becomes of the request', async () => {
  const { tenant, job, other } = await setScene();
  const token = await makeToken(tenant.token, job.id);
  const answers = [await open(job.id, token), await open(other.id, token), await open(job.id, `${token}x`)];
  answers.push(await api.call('GET', `/api/v1/nowhere?token=${token}`));
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 404]);
  const last = answers.at(-1)?.headers.get('x-request-id') ?? 'none';
  await until('the last request is logged', () => api.logged().includes(last));
  expect(api.logged()).not.toContain(token);
  expect(api.logged()).not.toContain(token.split('.')[1]);
  expect(answers.slice(1).some(({ text }) => text.includes(token))).toBe(false);
});

it('stands in the OpenAPI document, where it is taken and nowhere else', async () => {
  const { body } = await api.call('GET', '/api/openapi.json');
  const { paths, components } = body as {
    paths: Record<string, Record<string, { security: Record<string, unknown>[] }>>;
    components: { securitySchemes: Record<string, unknown> };
  }; // checked as a whole by the document's own tests
  expect(components.securitySchemes.event_token).toMatchObject({ type: 'apiKey', in: 'query', name: 'token' });
  const takes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { security }]) =>
      security.some((way) => 'event_token' in way) ? [`${method} ${path}`] : [],
    ),
  );
  expect(takes).toContain('get /api/v1/jobs/{id}/events');
  expect(takes.every((name) => /^get .*\/(events|stream)$/.test(name))).toBe(true);
});
