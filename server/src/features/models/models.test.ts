import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api);
});
afterAll(() => api.close());

const read = (path: string) => api.call('GET', `/api/v1${path}`, { token: tenant.token });

describe('models', () => {
  it('lists models with schema and price, retired ones with their successor', async () => {
    const all = await read('/models');
    const models = all.body.data as { id: string; status: string; successor: string | null; input_schema: unknown }[]; // as declared
    const flux = models.find((model) => model.id === 'replicate/flux-schnell');
    expect(flux).toMatchObject({
      status: 'active',
      price: { credits: 1, unit: 'image' },
      input_schema: { type: 'object', properties: { prompt: { type: 'string' } } },
    });
    const retired = await read('/models?status=retired&provider=openai');
    expect(retired.body.data).toContainEqual(
      expect.objectContaining({
        id: 'openai/dall-e-3',
        successor: 'openai/gpt-image-2',
        price: null,
        input_schema: null,
      }),
    );
    const videos = (await read('/models?type=video&status=retired')).body.data;
    expect(videos).toEqual([]);
    expect((await read('/models/replicate/flux-schnell')).body).toEqual(flux);
    expect((await read('/models/replicate/nothing')).status).toBe(404);
  });

  it('follows a changed price within two seconds', async () => {
    const priceOf = async () => (await read('/models/freepik/mystic')).body.price;
    // What the model costs us, not what customers pay: other tests pay for it at the same time.
    const set = (usd: string) =>
      api.deps.pool.query(`update pricing set cost_usd = $1 where provider = 'freepik' and model = 'mystic'`, [usd]);
    try {
      await set('0.0213');
      await expect.poll(priceOf, { timeout: 2_500 }).toMatchObject({ cost_usd: '0.021300' });
    } finally {
      await set('0.02');
    }
  });
});

it('shows and charges an organization with a contract its own prices, within seconds of their change, and nobody else', async () => {
  const contractor = await makeTenant(api, { plan: 'professional' });
  const other = await makeTenant(api, { plan: 'professional' });
  await api.deps.pool.query(
    `insert into pricing (organization_id, provider, model, operation, credits, own_key_credits, cost_usd, unit, multipliers)
     select $1, provider, model, operation, 7, own_key_credits, cost_usd, unit, multipliers from pricing
     where organization_id is null and provider = 'replicate' and model = 'flux-schnell' and is_active`,
    [contractor.organizationId],
  );
  const creditsOf = async ({ token }: { token: string }) => {
    const body = { model: 'replicate/flux-schnell', input: { prompt: 'a house' } };
    const answer = await api.call('POST', '/api/v1/jobs/estimate', { token, body });
    return Number(answer.body.credits);
  };
  const usual = await creditsOf(other);
  const own = await until('the contract counts', async () =>
    (await creditsOf(contractor)) === usual ? null : creditsOf(contractor),
  );
  expect(own).toBe(7 * usual);
  expect(await creditsOf(other)).toBe(usual);
  const shown = await api.call('GET', '/api/v1/models/replicate/flux-schnell', { token: contractor.token });
  expect(JSON.stringify(shown.body)).toContain('"credits":7');
});
