import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { mounted } from '../app.ts';
import { makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api, { plan: 'enterprise' });
  // One person may not send a thousand requests a minute; here that is not the question.
  vi.spyOn(api.deps.rateLimiter, 'consume').mockResolvedValue({ counters: [], exceeded: null });
});
afterAll(() => api.close());

// Calls to Supabase are left out: what they answer to nonsense is not ours, and there is a limit on them.
const endpoints = mounted
  .flatMap(({ prefix, endpoints: list }) => list.map((endpoint) => ({ ...endpoint, path: prefix + endpoint.path })))
  .filter(({ path }) => !path.includes('/auth/') && !path.endsWith('/ready') && !path.endsWith('/events'));

const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '',
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
    "' or 1=1 --",
    '%00',
    '../..',
    '🙂',
    '-1',
    '1e400',
    'null',
  ),
);
const fieldNames = [
  'name',
  'scopes',
  'full_name',
  'preferences',
  'settings',
  'slug',
  'tags',
  'project_id',
  'expires_at',
  'limit',
];
const body = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom(...fieldNames), nastyText), fc.oneof(fc.jsonValue(), nastyText)),
  fc.jsonValue(),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'x-request-id',
    'idempotency-key',
    'accept',
    'prefer',
    'x-forwarded-for',
    'origin',
    'content-encoding',
    'range',
  ),
  fc.string({ unit: fc.constantFrom(...'abc019 "\',;:=/*-_{}[]<>%'), maxLength: 20 }),
  { maxKeys: 2 },
);

it('answers 1000 nonsensical requests with nothing above 499', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...endpoints),
      fc.array(nastyText, { minLength: 3, maxLength: 3 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom('limit', 'cursor', 'search', 'tag', 'type', 'expires'), nastyText),
        nastyText,
        { maxKeys: 3 },
      ),
      body,
      headers,
      async (endpoint, values, query, content, extra) => {
        let index = 0;
        const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
        const path = endpoint.path.replaceAll(/:\w+/g, () => encode(values[index++] ?? '') || 'x');
        const search = Object.entries(query)
          .map(([name, value]) => `${encode(name)}=${encode(value)}`)
          .join('&');
        const answer = await api.call(endpoint.method.toUpperCase(), `${path}${search === '' ? '' : `?${search}`}`, {
          token: tenant.token,
          headers: extra,
          ...(endpoint.method === 'get' ? {} : { body: content }),
        });
        expect(answer.status, answer.text).toBeLessThan(500);
      },
    ),
    { numRuns: 1000 },
  );
});
