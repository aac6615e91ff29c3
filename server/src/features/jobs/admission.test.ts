import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundLedger, order, orderJob, readAccount, readJob, setBalance } from '../../testing/jobs.ts';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const post = (tenant: TestTenant, body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', '/api/v1/jobs', { token: tenant.token, body, headers });

describe('admission', () => {
  it('holds the quote and shows nothing as charged', async () => {
    const tenant = await makeTenant(api);
    const job = await orderJob(api, tenant, { sandbox: 'latency=60000' });
    expect(job).toMatchObject({
      status: 'queued',
      model: 'replicate/flux-schnell',
      served_by: null,
      key_source: 'platform',
      retry_of: null,
      tokens: null,
      credits: { held: 1, charged: 0 },
    });
    expect(Date.parse(job.deadline_at) - Date.parse(job.created_at)).toBe(900_000);
    expect(await readJob(api, tenant, job.id)).toMatchObject({
      deadline_at: job.deadline_at,
      created_at: job.created_at,
    });
    expect(await readAccount(api, tenant)).toEqual({ available: 49, held: 1, balance: 50 });
    await expectSoundLedger(api, tenant);
  });

  it('fits an open resolution to the plan and refuses an explicit one beyond it', async () => {
    const tenant = await makeTenant(api);
    const fitted = await orderJob(api, tenant);
    expect(fitted.input).toMatchObject({ megapixels: '0.25', num_outputs: 1 });
    const refused = await order(api, tenant, { input: { megapixels: '1' } });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      code: 'plan_limit_reached',
      plan: 'free',
      limit_name: 'resolution_max',
      limit: 512,
    });
    const large = await makeTenant(api, { plan: 'professional' });
    expect((await orderJob(api, large)).input).toMatchObject({ megapixels: '1' });
  });

  it('prices by units and resolution, as the pricing table says', async () => {
    const tenant = await makeTenant(api, { plan: 'business' });
    await setBalance(api, tenant, 500);
    const held = async (model: string, input: Record<string, unknown>) =>
      (await orderJob(api, tenant, { model, input, sandbox: 'latency=60000' })).credits.held;
    expect(await held('replicate/flux-schnell', { num_outputs: 4 })).toBe(4);
    expect(await held('freepik/mystic', { resolution: '1k' })).toBe(2);
    expect(await held('freepik/mystic', {})).toBe(4);
    expect(await held('replicate/flux-pro', {})).toBe(3);
    expect(await held('openai/gpt-image-2', { quality: 'low' })).toBe(2);
    expect(await held('openai/gpt-image-2', { quality: 'high', size: '1536x1024', n: 2 })).toBe(64);
    await expectSoundLedger(api, tenant);
  });

  it('knows a model by its alias and stores its own name', async () => {
    const tenant = await makeTenant(api);
    expect((await orderJob(api, tenant, { model: 'replicate/flux-pro' })).model).toBe('replicate/flux-1.1-pro');
  });

  it('keeps the order of an organization: no more than the plan’s concurrent jobs run, the others wait in line', async () => {
    const tenant = await makeTenant(api);
    const jobs = [];
    for (let n = 0; n < 5; n += 1) jobs.push(await orderJob(api, tenant, { sandbox: 'latency=60000' }));
    expect(jobs.map((job) => job.status)).toEqual(['queued', 'queued', 'pending', 'pending', 'pending']);
    expect(jobs.map((job) => job.queue_position)).toEqual([undefined, undefined, 1, 2, 3]);
    const [, , third, , fifth] = jobs;
    expect((await readJob(api, tenant, fifth?.id ?? '')).queue_position).toBe(3);
    await api.call('POST', `/api/v1/jobs/${third?.id}/cancel`, { token: tenant.token });
    expect((await readJob(api, tenant, fifth?.id ?? '')).queue_position).toBe(2);
    await expectSoundLedger(api, tenant);
  });
});

describe('refusals, each with its figures and without any change', () => {
  it.each([
    ['an unknown model', { model: 'replicate/nothing', input: { prompt: 'x' } }, 'model_not_found', '/model'],
    ['a retired model', { model: 'openai/dall-e-3', input: { prompt: 'x' } }, 'model_retired', '/model'],
    ['a missing prompt', { model: 'replicate/flux-schnell', input: {} }, 'invalid_request', '/input/prompt'],
    [
      'an unknown option',
      { model: 'replicate/flux-schnell', input: { prompt: 'x', steps: 4 } },
      'invalid_request',
      '/input/steps',
    ],
    [
      'an option out of range',
      { model: 'replicate/flux-schnell', input: { prompt: 'x', num_outputs: 5 } },
      'invalid_request',
      '/input/num_outputs',
    ],
    [
      'a foreign field',
      { model: 'replicate/flux-schnell', input: { prompt: 'x' }, organization_id: randomUUID() },
      'invalid_request',
      '/organization_id',
    ],
    [
      'a foreign project',
      { model: 'replicate/flux-schnell', input: { prompt: 'x' }, project_id: randomUUID() },
      'invalid_request',
      '/project_id',
    ],
    [
      'a prompt that Postgres cannot store',
      { model: 'replicate/flux-schnell', input: { prompt: 'a\u0000b' } },
      'invalid_request',
      '/input/prompt',
    ],
  ])('%s', async (_, body, code, pointer) => {
    const tenant = await makeTenant(api);
    const answer = await post(tenant, body);
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code, status: 422, errors: [{ pointer }] });
    expect(await readAccount(api, tenant)).toEqual({ available: 50, held: 0, balance: 50 });
  });

  it('a retired model names its successor', async () => {
    const answer = await post(await makeTenant(api), { model: 'openai/dall-e-3-hd', input: { prompt: 'x' } });
    expect(answer.body).toMatchObject({ code: 'model_retired', successor: 'openai/gpt-image-2' });
  });

  it('402 insufficient_credits tells what is needed and what there is', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setBalance(api, tenant, 2);
    const answer = await order(api, tenant, { model: 'replicate/flux-pro' });
    expect(answer.status).toBe(402);
    expect(answer.body).toMatchObject({ code: 'insufficient_credits', required: 3, available: 2, held: 0 });
  });

  it('402 credits_on_hold when running jobs hold what is missing', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setBalance(api, tenant, 4);
    await orderJob(api, tenant, { model: 'replicate/flux-pro', sandbox: 'latency=60000' });
    const answer = await order(api, tenant, { model: 'replicate/flux-pro' });
    expect(answer.status).toBe(402);
    expect(answer.body).toMatchObject({ code: 'credits_on_hold', required: 3, available: 1, held: 3 });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    await expectSoundLedger(api, tenant);
  });

  it('403 plan_limit_reached at the month’s images', async () => {
    const tenant = await makeTenant(api);
    await setBalance(api, tenant, 1000);
    await api.deps.pool.query(`update organizations set custom_limits = '{"images_per_month": 3}' where id = $1`, [
      tenant.organizationId,
    ]);
    await orderJob(api, tenant, { input: { num_outputs: 2 } });
    const answer = await order(api, tenant, { input: { num_outputs: 2 } });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'plan_limit_reached',
      limit_name: 'images_per_month',
      limit: 3,
      used: 2,
      requested: 2,
    });
    await orderJob(api, tenant);
  });

  it('403 feature_not_in_plan, 403 organization_inactive', async () => {
    const tenant = await makeTenant(api);
    await api.deps.pool.query(`insert into plans (id, name, monthly_credits, limits, features, is_public)
      select 'no-images', 'No images', 0, limits, '{workflow}', false from plans where id = 'free' on conflict do nothing`);
    await api.deps.pool.query(`update organizations set plan_id = 'no-images' where id = $1`, [tenant.organizationId]);
    expect((await order(api, tenant)).body).toMatchObject({
      status: 403,
      code: 'feature_not_in_plan',
      feature: 'image',
    });
    // Another node's stale view must not matter: the row decides.
    await api.deps.pool.query(`update organizations set plan_id = 'free', is_active = false where id = $1`, [
      tenant.organizationId,
    ]);
    expect((await order(api, tenant)).body).toMatchObject({ status: 403, code: 'organization_inactive' });
  });

  it('403 for viewers and read-only keys, 401 without credentials', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const viewer = await addMember(api, tenant, 'viewer');
    expect((await order(api, viewer)).body).toMatchObject({ status: 403, code: 'forbidden' });
    const key = await makeKey(api, tenant, { scopes: ['read'] });
    expect((await order(api, { ...tenant, token: key })).body).toMatchObject({ status: 403, code: 'forbidden' });
    const anonymous = await api.call('POST', '/api/v1/jobs', {
      body: { model: 'replicate/flux-schnell', input: { prompt: 'x' } },
    });
    expect(anonymous.body).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('429 queue_full when the plan’s line is full', async () => {
    const tenant = await makeTenant(api);
    await api.deps.pool.query(`update organizations set custom_limits = '{"waiting_jobs": 1}' where id = $1`, [
      tenant.organizationId,
    ]);
    for (let n = 0; n < 3; n += 1) await orderJob(api, tenant, { sandbox: 'latency=60000' });
    const answer = await order(api, tenant);
    expect(answer.status).toBe(429);
    expect(answer.body).toMatchObject({ code: 'queue_full', limit: 1, waiting: 1 });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('404 for another tenant’s job, the same as for none', async () => {
    const [owner, stranger] = await Promise.all([makeTenant(api), makeTenant(api)]);
    const job = await orderJob(api, owner, { sandbox: 'latency=60000' });
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
      ['GET', '/events'],
      ['POST', '/retry'],
      ['GET', '/receipt'],
    ] as const) {
      const foreign = await api.call(method, `/api/v1/jobs/${job.id}${path}`, { token: stranger.token });
      const missing = await api.call(method, `/api/v1/jobs/${randomUUID()}${path}`, { token: stranger.token });
      expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
      expect({ ...foreign.body, request_id: 0 }).toEqual({ ...missing.body, request_id: 0 });
    }
    expect((await readJob(api, owner, job.id)).status).not.toBe('canceled');
  });
});
