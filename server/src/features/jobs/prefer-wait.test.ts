import { randomUUID } from 'node:crypto';
import { job as jobSchema } from '@base/shared/contracts/jobs';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { order, orderJob, readJob } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const orderAndWait = (tenant: TestTenant, prefer: string, sandbox: string, headers: Record<string, string> = {}) =>
  order(api, tenant, { sandbox, headers: { prefer, ...headers } });

it('answers 201 with the result when the job ends in time', async () => {
  const tenant = await makeTenant(api);
  const answer = await orderAndWait(tenant, 'respond-async, wait=60', 'latency=50');
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers.get('preference-applied')).toBe('wait=60');
  const job = jobSchema.parse(answer.body);
  expect(job).toMatchObject({ status: 'completed', credits: { held: 0, charged: 1 } });
  expect(job.output).toHaveLength(1);
  expect(answer.headers.get('location')).toBe(job.urls.self);
});

it('answers 201 when the job has failed: its status tells', async () => {
  const tenant = await makeTenant(api);
  const answer = await orderAndWait(tenant, 'wait=60', 'latency=50, fault=task_failed');
  expect(answer.status, answer.text).toBe(201);
  expect(answer.body).toMatchObject({ status: 'failed', credits: { held: 0, charged: 0 } });
});

it('answers 202 when the time is over, and the job goes on', async () => {
  const tenant = await makeTenant(api);
  const answer = await orderAndWait(tenant, 'wait=1', 'latency=60000');
  expect(answer.status, answer.text).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('wait=1');
  expect(['queued', 'processing']).toContain(answer.body.status);
});

it('does not wait when the preference is absent or cannot be read', async () => {
  const tenant = await makeTenant(api);
  for (const prefer of ['respond-async', 'wait=soon', 'wait=0']) {
    const answer = await orderAndWait(tenant, prefer, 'latency=60000');
    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBeNull();
  }
});

it('waits for the job of a repeated request too', async () => {
  const tenant = await makeTenant(api);
  const headers = { 'idempotency-key': randomUUID() };
  const marker = `twice-${randomUUID()}`;
  const send = (more: Record<string, string>) => order(api, tenant, { marker, headers: { ...headers, ...more } });
  expect((await send({})).status).toBe(202);
  const again = await send({ prefer: 'wait=60' });
  expect(again.status).toBe(201);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.body).toMatchObject({ status: 'completed' });
});

it('ends with the job when someone else cancels it, long before the time is over', async () => {
  const tenant = await makeTenant(api);
  const waiting = orderAndWait(tenant, 'wait=60', 'latency=60000');
  const id = await until('the job is there', async () => {
    const { rows } = await api.deps.pool.query('select id from ai_jobs where organization_id = $1', [
      tenant.organizationId,
    ]);
    return rows[0]?.id as string | undefined; // a row of the query above
  });
  await api.call('POST', `/api/v1/jobs/${id}/cancel`, { token: tenant.token });
  const answer = await waiting;
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ id, status: 'canceled' });
});

it('stops waiting when the caller has left, and the job goes on', async () => {
  const other = await startApi();
  try {
    const tenant = await makeTenant(other);
    const { notices } = other.deps;
    let waiting = 0;
    other.deps.notices = {
      ...notices,
      listen(...wanted) {
        const watch = notices.listen(...wanted);
        waiting += 1;
        const stop = (): void => {
          waiting -= 1;
          watch.stop();
        };
        return { next: (options) => watch.next(options), stop };
      },
    };
    const caller = new AbortController();
    const answer = fetch(`${other.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify({ model: 'replicate/flux-schnell', input: { prompt: 'a kite [sandbox: latency=60000]' } }),
      signal: caller.signal,
    });
    await until('somebody waits', () => waiting === 1);
    caller.abort();
    await expect(answer).rejects.toThrow();
    await until('nobody waits', () => waiting === 0);
    const { body } = await other.call('GET', '/api/v1/jobs', { token: tenant.token });
    expect(body.data).toMatchObject([{ status: expect.stringMatching(/queued|processing/) }]);
  } finally {
    await other.close();
  }
});

it('lets nobody hang while the node drains', async () => {
  const other = await startApi();
  try {
    const tenant = await makeTenant(other);
    const waiting = order(other, tenant, { sandbox: 'latency=60000', headers: { prefer: 'wait=60' } });
    await until('the job is there', async () => {
      const { rows } = await api.deps.pool.query('select id from ai_jobs where organization_id = $1', [
        tenant.organizationId,
      ]);
      return rows.length === 1;
    });
    other.drain();
    const cut = await waiting;
    expect(cut.status).toBe(202);
    expect(cut.headers.get('preference-applied')).toBeNull();
    const late = await order(other, tenant, { sandbox: 'latency=60000', headers: { prefer: 'wait=60' } });
    expect(late.status).toBe(202);
    expect((await readJob(api, tenant, String(late.body.id))).id).toBe(late.body.id);
  } finally {
    await other.close();
  }
});

it('notices without Redis', async () => {
  const deaf = await startApi({ REDIS_URL: 'redis://127.0.0.1:9' });
  try {
    const tenant = await makeTenant(deaf);
    const answer = await order(deaf, tenant, { headers: { prefer: 'wait=60' } });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body).toMatchObject({ status: 'completed' });
    expect(await orderJob(deaf, tenant, { sandbox: 'latency=60000' })).toMatchObject({ status: 'queued' });
  } finally {
    await deaf.close();
  }
});
