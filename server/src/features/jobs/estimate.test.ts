import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderJob, setBalance } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const picture = { model: 'replicate/flux-schnell', input: { prompt: 'a kite [sandbox: latency=60000]' } };
const sound = { model: 'openai/tts-1', input: { input: 'a kite [sandbox: latency=60000]'.repeat(20), voice: 'alloy' } };
const video = {
  model: 'replicate/hailuo-2.3',
  input: { prompt: 'a kite [sandbox: latency=60000]', duration: 6, resolution: '768p' },
};
const text = {
  model: 'openai/gpt-6-luna',
  input: { messages: [{ role: 'user', content: 'a kite [sandbox: latency=60000]' }], max_completion_tokens: 100 },
};

const post = (tenant: TestTenant, path: string, body: unknown): Promise<Answer> =>
  api.call('POST', `/api/v1${path}`, { token: tenant.token, body });

async function setLimits(tenant: TestTenant, limits: Record<string, number>): Promise<void> {
  await api.deps.pool.query('update organizations set custom_limits = $2 where id = $1', [
    tenant.organizationId,
    limits,
  ]);
  api.deps.authenticator.forget([{ kind: 'organization', id: tenant.organizationId }]);
}

/** The code that the estimate foretells and that the order then gets; null when it is admitted. */
async function expectAgreement(tenant: TestTenant, body: unknown, reason: string | null): Promise<void> {
  const estimate = await post(tenant, '/jobs/estimate', body);
  expect(estimate.status, estimate.text).toBe(200);
  expect(estimate.body).toMatchObject({ reason, may_run: reason === null });
  const order = await post(tenant, '/jobs', body);
  expect(order.status === 202 ? null : order.body.code, order.text).toBe(reason);
  if (order.status === 202) expect(order.body).toMatchObject({ credits: { held: estimate.body.credits } });
}

describe('the estimate agrees with the order', () => {
  it.each([
    ['a picture', picture],
    ['a sound', sound],
    ['a video', video],
    ['a text', text],
  ])('%s that may run', async (_, body) => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setBalance(api, tenant, 500);
    await expectAgreement(tenant, body, null);
  });

  it('sound and video need their feature, text needs none', async () => {
    const tenant = await makeTenant(api);
    await setLimits(tenant, { video_seconds_max: 10, resolution_max: 2048, videos_per_month: 1 });
    await expectAgreement(tenant, sound, 'feature_not_in_plan');
    await expectAgreement(tenant, video, 'feature_not_in_plan');
    await expectAgreement(tenant, text, null);
  });

  it.each([
    ['pictures', picture, { images_per_month: 1 }],
    ['videos', video, { videos_per_month: 1 }],
    ['minutes of sound', sound, { audio_minutes_per_month: 3 }],
  ])('the month’s %s', async (_, body, limits) => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setBalance(api, tenant, 500);
    await setLimits(tenant, limits);
    await expectAgreement(tenant, body, null);
    await expectAgreement(tenant, body, 'plan_limit_reached');
  });

  it('the line that is full', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setLimits(tenant, { concurrent_jobs: 1, waiting_jobs: 1 });
    await orderJob(api, tenant, { sandbox: 'latency=60000' });
    await expectAgreement(tenant, picture, null);
    await expectAgreement(tenant, picture, 'queue_full');
  });

  it('credits: too few, or on hold', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await setBalance(api, tenant, 1);
    await expectAgreement(tenant, { ...picture, input: { ...picture.input, num_outputs: 2 } }, 'insufficient_credits');
    await expectAgreement(tenant, picture, null);
    await expectAgreement(tenant, picture, 'credits_on_hold');
  });

  it('the organization’s own key: its price, and its refusal', async () => {
    const tenant = await makeTenant(api);
    await setBalance(api, tenant, 0);
    const key = '/api/v1/provider-keys/replicate';
    const body = { key: 'own-key-of-this-test' };
    expect((await api.call('PUT', key, { token: tenant.token, body })).status).toBe(200);
    await until('the key is checked', async () => {
      const { state } = (await api.call('GET', key, { token: tenant.token })).body;
      return state === 'valid';
    });
    const estimate = await post(tenant, '/jobs/estimate', picture);
    expect(estimate.body).toMatchObject({ key_source: 'organization', credits: 0, available: 0 });
    await expectAgreement(tenant, picture, null);
    // As a worker notes it after the provider's refusal.
    await api.deps.pool.query('update provider_api_keys set is_valid = false where organization_id = $1', [
      tenant.organizationId,
    ]);
    await expectAgreement(tenant, picture, 'provider_key_invalid');
    const refused = await post(tenant, '/jobs', picture);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ provider: 'replicate' });
  });
});

it('refuses a video longer than the plan allows, with the figures', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  await setLimits(tenant, { video_seconds_max: 5 });
  for (const path of ['/jobs/estimate', '/jobs']) {
    const answer = await post(tenant, path, video);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'plan_limit_reached',
      plan: 'professional',
      limit_name: 'video_seconds_max',
      limit: 5,
      requested: 6,
    });
  }
});

it('tells the tokens of a text before it is written', async () => {
  const tenant = await makeTenant(api);
  const input = { messages: [{ role: 'user', content: 'one two three' }], max_completion_tokens: 100 };
  const answer = await post(tenant, '/jobs/estimate', { model: 'openai/gpt-6-luna', input });
  const { tokens } = answer.body as { tokens: { input: number; output: number } }; // as declared
  expect(tokens.output).toBe(100);
  expect(tokens.input).toBeGreaterThanOrEqual(3);
  expect(tokens.input).toBeLessThan(50);
  expect(
    (await post(tenant, '/jobs/estimate', { model: 'replicate/flux-schnell', input: { prompt: 'x' } })).body,
  ).toMatchObject({
    tokens: null,
  });
});
