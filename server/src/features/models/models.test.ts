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
