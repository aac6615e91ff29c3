import { randomUUID } from 'node:crypto';
import { job as jobSchema } from '@base/shared/contracts/jobs';
import { Catalog } from '@base/shared/credits/catalog';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSoundLedger, newMarker, order, readAccount, setBalance } from '../../testing/jobs.ts';
import { makeTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

it('answers a repeated request with the same job, marked as replayed, and holds once', async () => {
  const tenant = await makeTenant(api);
  const marker = newMarker();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await order(api, tenant, { marker, headers, sandbox: 'latency=60000' });
  const second = await order(api, tenant, { marker, headers, sandbox: 'latency=60000' });
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.id).toBe(first.body.id);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect(jobSchema.parse(second.body).input).toEqual(jobSchema.parse(first.body).input);
  expect((await readAccount(api, tenant)).held).toBe(1);
  await expectSoundLedger(api, tenant);
});

it('refuses the key with another body', async () => {
  const tenant = await makeTenant(api);
  const headers = { 'idempotency-key': randomUUID() };
  await order(api, tenant, { headers, sandbox: 'latency=60000' });
  const other = await order(api, tenant, { headers, sandbox: 'latency=60000' });
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
  expect((await readAccount(api, tenant)).held).toBe(1);
});

it('answers a repeated request though its model has been retired since', async () => {
  const other = await startApi();
  try {
    const tenant = await makeTenant(other);
    const marker = newMarker();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await order(other, tenant, { marker, headers, sandbox: 'latency=60000' });
    // A catalogue of this test's own, which nothing refreshes: the rows are shared by all tests.
    other.deps.catalog = await Catalog.load(other.deps.db);
    const model = other.deps.catalog.findModel('replicate/flux-schnell', null);
    if (!model) throw new Error('the model of this test is not in the catalogue');
    model.status = 'retired';
    const second = await order(other, tenant, { marker, headers, sandbox: 'latency=60000' });
    expect(second.status).toBe(202);
    expect(second.body.id).toBe(first.body.id);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await order(other, tenant, { headers })).body).toMatchObject({ code: 'model_retired' });
  } finally {
    await other.close();
  }
});

it('makes one job of thirty equal requests at once, in one batch or in many', async () => {
  const tenant = await makeTenant(api);
  const other = await startApi();
  const marker = newMarker();
  const headers = { 'idempotency-key': randomUUID() };
  try {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        order(n % 2 === 0 ? api : other, tenant, { marker, headers, sandbox: 'latency=60000' }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(30).fill(202));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
  } finally {
    await other.close();
  }
  expect((await readAccount(api, tenant)).held).toBe(1);
  await expectSoundLedger(api, tenant);
});

it('keeps keys of organizations apart', async () => {
  const [one, two] = await Promise.all([makeTenant(api), makeTenant(api)]);
  const headers = { 'idempotency-key': 'the-same' };
  const answers = await Promise.all([order(api, one, { headers }), order(api, two, { headers })]);
  expect(answers.map((answer) => answer.status)).toEqual([202, 202]);
  expect(answers[0]?.body.id).not.toBe(answers[1]?.body.id);
});

it('does not remember a refusal: the same key works after a top-up', async () => {
  const tenant = await makeTenant(api, { plan: 'professional' });
  await setBalance(api, tenant, 0);
  const marker = newMarker();
  const headers = { 'idempotency-key': randomUUID() };
  expect((await order(api, tenant, { marker, headers })).status).toBe(402);
  await setBalance(api, tenant, 5);
  expect((await order(api, tenant, { marker, headers })).status).toBe(202);
});
