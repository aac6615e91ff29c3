import { until } from '@base/shared/testing/until';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endOf, expectSoundLedger, newMarker, orderJob, paidCalls, readAccount, readJob } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function makeProfessional(): Promise<TestTenant> {
  const tenant = await makeTenant(api, { plan: 'professional' });
  return tenant;
}

describe('a job to the end', () => {
  it('makes as many generations as pictures were ordered, whose shares add up to the charge', async () => {
    const tenant = await makeProfessional();
    const { id } = await orderJob(api, tenant, { input: { num_outputs: 3 } });
    const job = await endOf(api, tenant, id);
    expect(job.output).toHaveLength(3);
    expect(job.credits.charged).toBe(3);
    const library = await api.call('GET', '/api/v1/generations', { token: tenant.token });
    const shares = (library.body.data as { id: string; credits: number }[]).map((item) => item.credits); // a page, as declared
    expect(shares).toEqual([1, 1, 1]);
  });
});

interface Outcome {
  fault: string;
  status: 'completed' | 'failed';
  code?: string;
  /** Paid POSTs that may arrive, where it is not one. */
  posts?: number;
}

/** What each failure of the provider becomes. Nothing is charged unless a picture is stored. */
const asynchronous: Outcome[] = [
  { fault: 'fault=429, times=2, retry_after=1', status: 'completed', posts: 3 },
  { fault: 'fault=503, times=1', status: 'completed', posts: 2 },
  { fault: 'fault=401', status: 'failed', code: 'provider_auth' },
  { fault: 'fault=402', status: 'failed', code: 'provider_billing' },
  { fault: 'fault=refused', status: 'failed', code: 'content_refused' },
  { fault: 'fault=task_failed', status: 'failed', code: 'provider_failed' },
  { fault: 'fault=expired_output', status: 'failed', code: 'output_unavailable' },
  { fault: 'fault=empty_output', status: 'failed', code: 'output_invalid' },
  { fault: 'fault=not_an_image', status: 'failed', code: 'output_invalid' },
  { fault: 'fault=poll_500, times=3', status: 'completed' },
];

const cases: [string, Outcome][] = [
  ...asynchronous.map((outcome): [string, Outcome] => ['replicate/flux-schnell', outcome]),
  // Accepted, and the answer lost: found again in the provider's list, never sent twice.
  ['replicate/flux-schnell', { fault: 'fault=reset_after', status: 'completed' }],
  ['replicate/flux-schnell', { fault: 'fault=500_after', status: 'completed' }],
  ['replicate/flux-schnell', { fault: 'fault=malformed', status: 'completed' }],
  // Never accepted, and nobody said so: the list knows nothing, so it ends in the customer's favour.
  ['replicate/flux-schnell', { fault: 'fault=reset', status: 'failed', code: 'outcome_unknown' }],
  ['freepik/mystic', { fault: 'fault=429, times=1, retry_after=1', status: 'completed', posts: 2 }],
  ['freepik/mystic', { fault: 'fault=reset_after', status: 'failed', code: 'outcome_unknown' }],
  ['freepik/mystic', { fault: 'fault=task_failed', status: 'failed' }],
  ['openai/gpt-image-2', { fault: 'fault=429, times=1, retry_after=1', status: 'completed', posts: 2 }],
  ['openai/gpt-image-2', { fault: 'fault=402', status: 'failed', code: 'provider_billing' }],
  ['openai/gpt-image-2', { fault: 'fault=refused', status: 'failed', code: 'content_refused' }],
  ['openai/gpt-image-2', { fault: 'fault=500', status: 'failed', code: 'outcome_unknown' }],
  ['openai/gpt-image-2', { fault: 'fault=reset_after', status: 'failed', code: 'outcome_unknown' }],
  ['openai/gpt-image-2', { fault: 'fault=html', status: 'failed', code: 'outcome_unknown' }],
];

describe.concurrent('each failure of a provider has one outcome, and failed means not charged', () => {
  it.each(cases)('%s %o', { timeout: 90_000 }, async (model, outcome) => {
    const tenant = await makeProfessional();
    const marker = newMarker();
    const admitted = await orderJob(api, tenant, { model, marker, sandbox: `latency=50, ${outcome.fault}` });
    const job = await endOf(api, tenant, admitted.id);
    expect(job.status, JSON.stringify(job.error)).toBe(outcome.status);
    if (outcome.code !== undefined) expect(job.error?.code).toBe(outcome.code);
    const charged = outcome.status === 'completed' ? admitted.credits.held : 0;
    expect(job.credits).toEqual({ held: 0, charged });
    expect(await readAccount(api, tenant)).toEqual({ available: 50 - charged, held: 0, balance: 50 - charged });
    expect(await paidCalls(marker)).toHaveLength(outcome.posts ?? 1);
    expect(JSON.stringify(job)).not.toMatch(
      /127\.0\.0\.1:\d+\/(replicate|openai|freepik)|sandbox-\w+-key|sandbox_error/,
    );
    await expectSoundLedger(api, tenant);
  });
});

describe('cancel', () => {
  const cancel = (tenant: TestTenant, id: string) =>
    api.call('POST', `/api/v1/jobs/${id}/cancel`, { token: tenant.token });

  it('while it waits, while the provider works, and not after the end; each time everything held comes back', async () => {
    const tenant = await makeTenant(api);
    const marker = newMarker();
    const running = await orderJob(api, tenant, { marker, sandbox: 'latency=60000' });
    await orderJob(api, tenant, { sandbox: 'latency=60000' });
    const waiting = await orderJob(api, tenant, { sandbox: 'latency=60000' });
    expect(waiting.status).toBe('pending');

    expect((await cancel(tenant, waiting.id)).body).toMatchObject({
      status: 'canceled',
      credits: { held: 0, charged: 0 },
    });
    await until('the provider has it', async () => (await readJob(api, tenant, running.id)).progress >= 5);
    expect((await cancel(tenant, running.id)).body).toMatchObject({ status: 'canceled', error: null });
    const again = await cancel(tenant, running.id);
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'job_finished', job_status: 'canceled' });
    expect(await readAccount(api, tenant)).toEqual({ available: 49, held: 1, balance: 50 });
    await expectSoundLedger(api, tenant);

    const [call] = await paidCalls(marker);
    await until('the provider was told to stop', async () => {
      const response = await fetch(`${inject('stack').sandbox_url}/replicate/v1/predictions/${call?.task_id}`, {
        headers: { authorization: 'Bearer sandbox-replicate-key' },
      });
      const { status } = (await response.json()) as { status: string }; // a prediction, as documented
      return status === 'canceled' || status === 'aborted';
    });
  });

  it('while a synchronous provider is at work: the late result is discarded and not charged', async () => {
    const tenant = await makeProfessional();
    const { id } = await orderJob(api, tenant, { model: 'openai/gpt-image-2', sandbox: 'latency=1500' });
    await until('it is being worked on', async () => (await readJob(api, tenant, id)).status === 'processing');
    expect((await cancel(tenant, id)).status).toBe(200);
    await until('the attempt is over', async () => {
      const { rows } = await api.deps.pool.query('select status from provider_attempts where job_id = $1', [id]);
      return rows.every((row) => row.status === 'abandoned');
    });
    expect((await readJob(api, tenant, id)).status).toBe('canceled');
    expect(await readAccount(api, tenant)).toEqual({ available: 50, held: 0, balance: 50 });
    await expectSoundLedger(api, tenant);
  });

  it('while a text is written: it stops, and what was written is charged', async () => {
    const tenant = await makeProfessional();
    const marker = newMarker();
    const input = { messages: [{ role: 'user', content: `${marker} [sandbox: latency=30000, tokens=2000]` }] };
    const body = { model: 'openai/gpt-6-luna', input: { ...input, max_completion_tokens: 4_000 } };
    const admitted = await api.call('POST', '/api/v1/jobs', { token: tenant.token, body });
    const id = String(admitted.body.id);
    const redis = api.deps.redis;
    await until('some of it was written', async () => (await redis.exists(`{base}:text:${id}`)) === 1);
    expect((await cancel(tenant, id)).status).toBe(202);
    const job = await endOf(api, tenant, id);
    expect(job).toMatchObject({ status: 'completed', output: { finish_reason: 'canceled' } });
    expect(job.credits.charged).toBeGreaterThan(0);
    expect(job.credits.charged).toBeLessThan(Number((admitted.body.credits as { held: number }).held)); // as declared
    expect(job.tokens?.output).toBeGreaterThan(0);
    await expectSoundLedger(api, tenant);
  });

  it('while a text is ordered and nothing is written yet: it ends canceled, for free', async () => {
    const tenant = await makeProfessional();
    const content = `${newMarker()} [sandbox: fault=timeout]`;
    const body = { model: 'openai/gpt-6-luna', input: { messages: [{ role: 'user', content }] } };
    const { id } = (await api.call('POST', '/api/v1/jobs', { token: tenant.token, body })).body as { id: string }; // as declared
    await until('the paid call was sent', async () => (await paidCalls(content.slice(0, 30))).length === 1);
    expect([200, 202]).toContain((await cancel(tenant, id)).status);
    expect(await endOf(api, tenant, id)).toMatchObject({ status: 'canceled', credits: { held: 0, charged: 0 } });
    await expectSoundLedger(api, tenant);
  });

  it('after the end it is refused and changes nothing', async () => {
    const tenant = await makeTenant(api);
    const { id } = await orderJob(api, tenant);
    await endOf(api, tenant, id);
    expect((await cancel(tenant, id)).status).toBe(409);
    expect((await readJob(api, tenant, id)).status).toBe('completed');
    await expectSoundLedger(api, tenant);
  });
});

describe('following a job', () => {
  it('streams its state at once, each change, and ends with the job', async () => {
    const tenant = await makeTenant(api);
    const { id } = await orderJob(api, tenant, { sandbox: 'latency=400' });
    const response = await fetch(`${api.url}/api/v1/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${tenant.token}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    const states = [...text.matchAll(/^event: job\ndata: (.*)$/gm)].map(
      (match) => JSON.parse(match[1] ?? '').status as string,
    );
    expect(states.at(-1)).toBe('completed');
    expect(states).toContain('processing');
    const order = ['pending', 'queued', 'processing', 'completed'];
    expect(states.map((state) => order.indexOf(state))).toEqual(states.map((state) => order.indexOf(state)).toSorted());
  });

  it('of a job that has ended gives its state and ends', async () => {
    const tenant = await makeTenant(api);
    const { id } = await orderJob(api, tenant);
    await endOf(api, tenant, id);
    const response = await fetch(`${api.url}/api/v1/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${tenant.token}` },
    });
    expect((await response.text()).match(/event: job/g)).toHaveLength(1);
  });
});

describe('listing and estimating', () => {
  it('lists the organization’s own jobs, newest first, page by page and by status', async () => {
    const tenant = await makeTenant(api);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await orderJob(api, tenant, { sandbox: 'latency=60000' })).id);
    const list = async (query: string) =>
      (await api.call('GET', `/api/v1/jobs?${query}`, { token: tenant.token })).body;
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.next_cursor}`);
    const third = await list(`limit=2&cursor=${second.next_cursor}`);
    const seen = [first, second, third].flatMap((page) => (page.data as { id: string }[]).map((job) => job.id)); // pages, as declared
    expect(seen).toEqual(ids);
    expect(third).toMatchObject({ has_more: false, next_cursor: null });
    expect((await list('status=pending')).data).toHaveLength(3);
    expect((await api.call('GET', '/api/v1/jobs?status=lost', { token: tenant.token })).status).toBe(422);
  });

  it('estimates what the same order then holds, and says why it may not run', async () => {
    const tenant = await makeTenant(api);
    const body = { model: 'replicate/flux-pro', input: { prompt: 'x' } };
    const estimate = await api.call('POST', '/api/v1/jobs/estimate', { token: tenant.token, body });
    expect(estimate.body).toMatchObject({ credits: 3, available: 50, may_run: true, reason: null, unit: 'image' });
    const admitted = await api.call('POST', '/api/v1/jobs', { token: tenant.token, body });
    expect(admitted.body).toMatchObject({ credits: { held: 3 } });
    await api.deps.pool.query(
      `select * from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[45::bigint], array['t'], array['t'], array['t'], array[null::uuid])`,
      [tenant.organizationId],
    );
    const poor = await api.call('POST', '/api/v1/jobs/estimate', { token: tenant.token, body });
    expect(poor.body).toMatchObject({ may_run: false, reason: expect.stringMatching(/credits/) });
  });
});

describe('through Supabase’s own API with a user’s token', () => {
  it('a browser sees its organization’s rows and nobody else’s, and can write none', async () => {
    const [owner, stranger] = await Promise.all([makeTenant(api), makeTenant(api)]);
    const { id } = await orderJob(api, owner);
    await endOf(api, owner, id);
    const stack = inject('stack');
    const as = (token: string) =>
      createClient(stack.supabase_url, stack.supabase_publishable_key, {
        global: { headers: { Authorization: `Bearer ${token}` } },
        auth: { persistSession: false, autoRefreshToken: false },
      });
    const columns = {
      ai_jobs: 'id, organization_id, status',
      generations: '*',
      credit_balances: '*',
      credit_transactions: '*',
      organizations: 'id',
    };
    for (const [table, select] of Object.entries(columns)) {
      const own = await as(owner.token).from(table).select(select);
      expect(own.error, table).toBeNull();
      expect(own.data?.length, table).toBeGreaterThan(0);
      const column = table === 'organizations' ? 'id' : 'organization_id';
      const foreign = await as(stranger.token).from(table).select(select).eq(column, owner.organizationId);
      expect(foreign.data, table).toEqual([]);
    }
    const write = await as(owner.token)
      .from('credit_balances')
      .update({ balance: 1_000_000 })
      .eq('organization_id', owner.organizationId)
      .select();
    expect(write.error).not.toBeNull();
    const call = await as(owner.token).rpc('release_jobs', {});
    expect(call.error).not.toBeNull();
    expect(await readAccount(api, owner)).toMatchObject({ balance: 49 });
  });
});
