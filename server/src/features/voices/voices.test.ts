import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api, { plan: 'professional' });
});
afterAll(() => api.close());

const read = (query: string) => api.call('GET', `/api/v1/voices${query}`, { token: tenant.token });

describe('voices', () => {
  it('are those of the provider, by name, and can be searched', async () => {
    const all = await until(
      'the worker has read the voices',
      async () => {
        const { body } = await read('?provider=elevenlabs');
        const voices = body.data as { id: string; name: string }[]; // as declared
        return voices.length > 0 && voices;
      },
      { intervalMs: 500 },
    );
    const names = all.map((voice) => voice.name);
    const [first] = all;
    expect(first).toMatchObject({ object: 'voice', provider: 'elevenlabs', labels: expect.any(Object) });
    expect(new Set(all.map((voice) => voice.id)).size).toBe(all.length);
    const part = (names[0] ?? '').slice(0, 4).toUpperCase();
    const found = (await read(`?search=${encodeURIComponent(part)}`)).body.data as { name: string }[]; // as declared
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((voice) => voice.name.toUpperCase().includes(part))).toBe(true);
    expect((await read('?provider=nobody')).body.data).toEqual([]);
    expect((await read('?search=')).status).toBe(422);
  });
});
