import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundLedger, readAccount } from '../../testing/jobs.ts';
import { makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  const owner = await makeTenant(api, { plan: 'professional' });
  // Without credits nothing can be admitted, so whatever the body: nothing may change.
  await api.deps.pool.query(
    `select * from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[50::bigint], array['t'], array['t'], array['t'], array[null::uuid])`,
    [owner.organizationId],
  );
  // Rate limits must not stand before the checks under test.
  await api.deps.pool.query(
    `update organizations set custom_limits = '{"api_requests_per_minute": 100000}' where id = $1`,
    [owner.organizationId],
  );
  tenant = { ...owner, token: await makeKey(api, owner) };
  api.deps.authenticator.forget([{ kind: 'organization', id: owner.organizationId }]);
});
afterAll(() => api.close());

const awkward = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    "'; drop table ai_jobs; --",
    '../../etc/passwd',
    '__proto__',
    'constructor',
    '-1',
    '1e309',
    '𝕏'.repeat(40),
  ),
);
const value = fc.oneof(
  fc.jsonValue(),
  awkward,
  fc.double(),
  fc.maxSafeInteger(),
  fc.constant(null),
  fc.array(awkward, { maxLength: 3 }),
);
const model = fc.oneof(
  fc.constantFrom(
    'replicate/flux-schnell',
    'replicate/flux-pro',
    'openai/gpt-image-2',
    'freepik/mystic',
    'openai/dall-e-3',
  ),
  awkward,
);
const optionNames = [
  'prompt',
  'num_outputs',
  'megapixels',
  'size',
  'n',
  'width',
  'height',
  'resolution',
  'styling',
  'seed',
  '__proto__',
  'toString',
];
const input = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom(...optionNames), awkward), value, { maxKeys: 6 }),
  fc.record({ prompt: fc.string({ minLength: 1 }) }),
  value,
);
const extra = fc.dictionary(
  fc.constantFrom(
    'metadata',
    'fallback',
    'project_id',
    'organization_id',
    'credits',
    'price',
    'user_id',
    'webhook_url',
    '__proto__',
    'status',
  ),
  value,
  { maxKeys: 3 },
);
const body = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.record({ model, input }, { requiredKeys: [] }), extra)
      .map(([known, more]) => JSON.stringify({ ...known, ...more })),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: awkward },
);

describe('POST /jobs', () => {
  it('never answers 5xx and never changes a balance, whatever the body', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom('/api/v1/jobs', '/api/v1/jobs/estimate'), async (text, path) => {
        const answer = await api.call('POST', path, { token: tenant.token, body: text });
        expect([200, 400, 402, 403, 413, 415, 422], `${text}\n${answer.text}`).toContain(answer.status);
        if (answer.status >= 400)
          expect(answer.body).toMatchObject({
            status: answer.status,
            code: expect.any(String),
            request_id: expect.any(String),
          });
      }),
      { numRuns: 600 },
    );
    expect(await readAccount(api, tenant)).toEqual({ available: 0, held: 0, balance: 0 });
    await expectSoundLedger(api, tenant);
  });
});
