import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endOf, expectSoundLedger, newMarker, order, orderJob, readAccount } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function putKey(tenant: TestTenant, provider: string, key: string): Promise<void> {
  const answer = await api.call('PUT', `/api/v1/provider-keys/${provider}`, { token: tenant.token, body: { key } });
  expect(answer.status, answer.text).toBe(200);
}

async function untilState(tenant: TestTenant, provider: string, state: string): Promise<void> {
  await until(`the key is ${state}`, async () => {
    const answer = await api.call('GET', `/api/v1/provider-keys/${provider}`, { token: tenant.token });
    return answer.body.state === state;
  });
}

/** The last characters of the keys that paid for an order, by the sandbox's book. */
async function payingKeys(marker: string): Promise<string[]> {
  const response = await fetch(`${inject('stack').sandbox_url}/_sandbox/calls?prompt_contains=${marker}`);
  const { data } = (await response.json()) as { data: { authorization_hint: string }[] }; // the sandbox's documented answer
  return data.map((call) => call.authorization_hint);
}

describe('a job with the organization’s own key', () => {
  it('is paid with that key, costs no credits, and its cost is recorded', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const key = `own-${randomUUID()}`;
    await putKey(tenant, 'replicate', key);
    const marker = newMarker();
    const admitted = await orderJob(api, tenant, { marker });
    expect(admitted).toMatchObject({ key_source: 'organization', credits: { held: 0 } });
    const job = await endOf(api, tenant, admitted.id);
    expect(job).toMatchObject({ status: 'completed', credits: { held: 0, charged: 0 } });
    expect(Number(job.cost_usd)).toBeGreaterThan(0);
    expect(await payingKeys(marker)).toEqual([key.slice(-4)]);
    expect(await readAccount(api, tenant)).toEqual({ available: 50, held: 0, balance: 50 });
    // Another provider is still paid by the platform.
    const other = await orderJob(api, tenant, { model: 'freepik/mystic' });
    expect(other).toMatchObject({ key_source: 'platform' });
    await endOf(api, tenant, other.id);
    await expectSoundLedger(api, tenant);
  });

  it('fails clearly when the key is refused, never goes to the platform’s key, and is not admitted again', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    await putKey(tenant, 'replicate', 'taken-at-first');
    await untilState(tenant, 'replicate', 'valid');
    const marker = newMarker();
    const { id } = await orderJob(api, tenant, { marker, sandbox: 'fault=401' });
    const job = await endOf(api, tenant, id);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'provider_key_refused' }, credits: { charged: 0 } });
    expect(await payingKeys(marker)).toEqual(['irst']);
    await untilState(tenant, 'replicate', 'invalid');
    const refused = await order(api, tenant);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'provider_key_invalid', provider: 'replicate' });
    await expectSoundLedger(api, tenant);
  });

  it('fails clearly when the key was removed after admission', async () => {
    const tenant = await makeTenant(api, { plan: 'free' });
    await putKey(tenant, 'replicate', `own-${randomUUID()}`);
    // Two run, so that the third has not begun when the key goes.
    const running = [
      await orderJob(api, tenant, { sandbox: 'latency=60000' }),
      await orderJob(api, tenant, { sandbox: 'latency=60000' }),
    ];
    const marker = newMarker();
    const waiting = await orderJob(api, tenant, { marker });
    expect(waiting.status).toBe('pending');
    await api.call('DELETE', '/api/v1/provider-keys/replicate', { token: tenant.token });
    for (const { id } of running) await api.call('POST', `/api/v1/jobs/${id}/cancel`, { token: tenant.token });
    expect(await endOf(api, tenant, waiting.id)).toMatchObject({
      status: 'failed',
      error: { code: 'provider_key_refused' },
    });
    expect(await payingKeys(marker)).toEqual([]);
    await expectSoundLedger(api, tenant);
  });
});
