import { Catalog } from '@base/shared/credits/catalog';
import type { Fallback } from '@base/shared/db/queries/reserve-jobs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newMarker } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** Where an admitted job may go beside its own model, as it was kept with it. */
async function fallbacksOf(
  tenant: TestTenant,
  model: string,
  input: Record<string, unknown>,
  asked: { fallback?: boolean } = { fallback: true },
): Promise<Fallback[]> {
  const prompt = `${newMarker()} [sandbox: latency=60000]`;
  const answer = await api.call('POST', '/api/v1/jobs', {
    token: tenant.token,
    body: { model, input: { prompt, ...input }, ...asked },
  });
  expect(answer.status, answer.text).toBe(202);
  const { rows } = await api.deps.pool.query<{ fallbacks: Fallback[] }>('select fallbacks from ai_jobs where id = $1', [
    answer.body.id,
  ]);
  return rows[0]?.fallbacks ?? [];
}

it('keeps the equal models, with the order in their terms and their own quote', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const input = { num_outputs: 2, megapixels: '1', aspect_ratio: '16:9', seed: 7 };
  const [fallback, ...others] = await fallbacksOf(tenant, 'replicate/flux-schnell', input);
  expect(others).toEqual([]);
  expect(fallback).toMatchObject({
    provider: 'fal',
    model: 'flux-schnell',
    operation: 'generate',
    input: { num_images: 2, seed: 7 },
    credits: 2,
    cost_usd: '0.006000',
    price: { credits: 1, unit: 'image' },
  });
});

it('has none unless they are asked for', async () => {
  const tenant = await makeTenant(api);
  expect(await fallbacksOf(tenant, 'replicate/flux-schnell', {}, { fallback: false })).toEqual([]);
  expect(await fallbacksOf(tenant, 'replicate/flux-schnell', {}, {})).toEqual([]);
  const answer = await api.call('POST', '/api/v1/jobs', {
    token: tenant.token,
    body: { model: 'replicate/flux-schnell', input: { prompt: 'x' }, fallback: 'yes' },
  });
  expect(answer.body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/fallback' }] });
});

it('leaves out what cannot fill the order, and a model that has no equal', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const withPicture = { image_prompt: 'https://example.com/a.png', aspect_ratio: '1:1' };
  expect(await fallbacksOf(tenant, 'replicate/flux-1.1-pro', withPicture)).toEqual([]);
  expect(await fallbacksOf(tenant, 'freepik/mystic', { resolution: '1k' })).toEqual([]);
});

it('has none on the organization’s own key: another provider would be paid by the platform', async () => {
  const tenant = await makeTenant(api);
  const body = { key: 'own-key-of-this-test' };
  const put = await api.call('PUT', '/api/v1/provider-keys/replicate', { token: tenant.token, body });
  expect(put.status, put.text).toBe(200);
  expect(await fallbacksOf(tenant, 'replicate/flux-schnell', {})).toEqual([]);
});

it('leaves out models that cost more than was quoted, and those that are not offered any more', async () => {
  const other = await startApi();
  try {
    const tenant = await makeTenant(other, { plan: 'professional' });
    // A catalogue of this test's own, which nothing refreshes: the rows are shared by all tests.
    const catalog = await Catalog.load(other.deps.db);
    other.deps.catalog = catalog;
    const fal = catalog.findModel('fal/flux-1.1-pro', null);
    const freepik = catalog.findModel('freepik/flux-pro-v1-1', null);
    if (!fal?.price || !freepik) throw new Error('the models of this test are not in the catalogue');
    const order = () =>
      other.call('POST', '/api/v1/jobs', {
        token: tenant.token,
        body: {
          model: 'replicate/flux-1.1-pro',
          input: { prompt: `${newMarker()} [sandbox: latency=60000]`, aspect_ratio: '1:1' },
          fallback: true,
        },
      });
    const providers = async () => {
      const { id } = (await order()).body;
      const { rows } = await other.deps.pool.query('select fallbacks from ai_jobs where id = $1', [id]);
      return rows[0].fallbacks.map((fallback: Fallback) => fallback.provider);
    };
    expect(await providers()).toEqual(['fal', 'freepik']);
    fal.price.credits += 1;
    expect(await providers()).toEqual(['freepik']);
    freepik.status = 'deprecated';
    expect(await providers()).toEqual([]);
  } finally {
    await other.close();
  }
});
