import { eventTypes } from '@base/shared/contracts/event-types';
import { startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endOf, expectSoundLedger } from '../../testing/jobs.ts';
import { addMember, makeTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';
import { openWebhookScene, verifyMessage, type WebhookScene } from '../../testing/webhooks.ts';

let api: TestApi;
let scene: WebhookScene;
beforeAll(async () => {
  api = await startApi({ PRIVATE_HOSTS_ALLOWED: ['127.0.0.1'] });
});
afterAll(() => api.close());
beforeEach(async () => {
  scene = await openWebhookScene(api);
});
afterEach(() => scene.close());

describe('an endpoint', () => {
  it('that answers 410 is switched off at once; its organization is told, and what waits is canceled', async () => {
    const other = await startReceiver();
    try {
      const gone = await scene.makeEndpoint({ events: ['api_key.created'] });
      await scene.makeEndpoint({ url: other.url, events: ['webhook_endpoint.disabled'] });
      scene.receiver.answerWith({ status: 410 });
      expect(await scene.tested(gone)).toMatchObject({ status: 'failed', attempts: 1 });
      const [told] = await scene.arrived(1, other);
      expect(told?.message).toMatchObject({ type: 'webhook_endpoint.disabled', data: { id: gone.id, reason: 'gone' } });
      expect(await scene.must('GET', `/webhook-endpoints/${gone.id}`)).toMatchObject({
        enabled: false,
        disabled_reason: 'gone',
      });
      const { rows } = await api.deps.pool.query(
        'select template, data from email_outbox where organization_id = $1 and template = $2',
        [scene.tenant.organizationId, 'webhook_disabled'],
      );
      expect(rows).toMatchObject([
        { template: 'webhook_disabled', data: { reason: 'gone', webhook_endpoint_id: gone.id } },
      ]);
      await scene.must('POST', '/api-keys', { name: 'one', scopes: ['read'] });
      expect((await scene.call('POST', `/webhook-endpoints/${gone.id}/test`)).status).toBe(409);
      expect((await scene.must('GET', `/webhook-endpoints/${gone.id}/deliveries`)).data).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('that has done nothing but fail for five days is switched off, one day earlier it is not', async () => {
    const endpoint = await scene.makeEndpoint();
    scene.receiver.answerWith({ status: 500 });
    const delivery = await scene.tested(endpoint);
    for (const [days, enabled] of [
      [4, true],
      [5, false],
    ] as const) {
      await api.deps.pool.query(
        `update webhook_lanes set first_failure_at = clock_timestamp() - make_interval(days => $2) where id = $1`,
        [endpoint.id, days],
      );
      await scene.passTime(delivery.id);
      await scene.afterAttempts(delivery.id, days === 4 ? 2 : 3);
      await until(
        `it is ${enabled ? 'on' : 'off'}`,
        async () => (await scene.must('GET', `/webhook-endpoints/${endpoint.id}`)).enabled === enabled,
      );
    }
    expect(await scene.must('GET', `/webhook-endpoints/${endpoint.id}`)).toMatchObject({ disabled_reason: 'failing' });
    await until(
      'what waited is canceled',
      async () => (await scene.afterAttempts(delivery.id, 3)).status === 'canceled',
    );
  });

  it('that was off gets by replay what it missed, and with only_failed nothing twice', async () => {
    const from = new Date(Date.now() - 1_000).toISOString();
    const endpoint = await scene.makeEndpoint({ events: ['api_key.created'] });
    await scene.must('POST', '/api-keys', { name: 'told', scopes: ['read'] });
    await scene.arrived(1);
    await scene.must('PATCH', `/webhook-endpoints/${endpoint.id}`, { enabled: false });
    await scene.must('POST', '/api-keys', { name: 'missed', scopes: ['read'] });
    await scene.must('POST', '/organization/invitations', { email: 'c@b.test', role: 'viewer' });
    expect((await scene.call('POST', `/webhook-endpoints/${endpoint.id}/replay`, { from })).status).toBe(409);
    await scene.must('PATCH', `/webhook-endpoints/${endpoint.id}`, { enabled: true });
    await until('the first is settled', async () => {
      const { data } = await scene.must('GET', `/webhook-endpoints/${endpoint.id}/deliveries?status=succeeded`);
      return (data as unknown[]).length === 1;
    });
    const replay = (body: Record<string, unknown>) =>
      scene.must('POST', `/webhook-endpoints/${endpoint.id}/replay`, { from, ...body });
    expect(await replay({ only_failed: true })).toMatchObject({ deliveries: 1, continue_from: null });
    await scene.arrived(2);
    await until('both are settled', async () => {
      const { data } = await scene.must('GET', `/webhook-endpoints/${endpoint.id}/deliveries?status=succeeded`);
      return (data as unknown[]).length === 2;
    });
    expect(await replay({ only_failed: true })).toMatchObject({ deliveries: 0 });
    expect(await replay({ to: from.replace(/^\d{4}/, '2999') })).toMatchObject({ deliveries: 2 });
    const messages = await scene.arrived(4);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(2);
    expect(await replay({ events: ['member.invited'], only_failed: true })).toMatchObject({ deliveries: 1 });
  });

  it('shows its secret once, also to a repeated request, and its headers never', async () => {
    const body = { url: scene.receiver.url, headers: { 'X-Token': 'hush-hush' } };
    const again = { 'idempotency-key': 'one-endpoint' };
    const first = await scene.call('POST', '/webhook-endpoints', body, again);
    const second = await scene.call('POST', '/webhook-endpoints', body, again);
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(second.body).toMatchObject({ id: first.body.id, secret: null });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await scene.call('POST', '/webhook-endpoints', { ...body, description: 'x' }, again)).body.code).toBe(
      'idempotency_key_reused',
    );
    const list = await scene.call('GET', '/webhook-endpoints');
    const one = await scene.call('GET', `/webhook-endpoints/${String(first.body.id)}`);
    expect(one.body.header_names).toEqual(['X-Token']);
    const { rows } = await api.deps.pool.query(
      `select jsonb_agg(to_jsonb(a)) as log, (select jsonb_agg(to_jsonb(w)) from webhooks w where w.organization_id = $1) as rows
       from audit_logs a where a.organization_id = $1`,
      [scene.tenant.organizationId],
    );
    const shown = list.text + one.text + second.text + JSON.stringify(rows) + api.logged();
    expect(shown).toContain('[secret]');
    expect(shown).not.toContain('hush-hush');
    expect(shown).not.toContain(String(first.body.secret).slice(6));
  });

  it('is one of twenty at most, however many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 23 }, () => scene.call('POST', '/webhook-endpoints', { url: scene.receiver.url })),
    );
    expect(made.map(({ status }) => status).sort()).toEqual([...Array<number>(20).fill(201), 409, 409, 409]);
    const [{ body }] = made.filter(({ status }) => status === 201) as [Answer];
    expect((await scene.call('DELETE', `/webhook-endpoints/${String(body.id)}`)).status).toBe(204);
    expect((await scene.call('GET', `/webhook-endpoints/${String(body.id)}`)).status).toBe(404);
    await scene.makeEndpoint();
  });

  it('is for managers of plans that include webhooks', async () => {
    const free = await makeTenant(api, { plan: 'starter' });
    const answer = await api.call('POST', '/api/v1/webhook-endpoints', {
      token: free.token,
      body: { url: scene.receiver.url },
    });
    expect(answer.body).toMatchObject({ code: 'feature_not_in_plan', feature: 'webhooks' });
    const member = await addMember(api, scene.tenant, 'member');
    expect((await api.call('GET', '/api/v1/webhook-endpoints', { token: member.token })).status).toBe(403);
  });
});

describe('a URL', () => {
  let strict: TestApi;
  beforeAll(async () => {
    strict = await startApi();
  });
  afterAll(() => strict.close());

  it.each([
    ['http://example.com/hook', 'https'],
    ['https://user:pass@example.com/', 'user or password'],
    ['https://localhost/', 'public'],
    ['https://127.0.0.2/', 'public'],
    ['https://2130706433/', 'public'],
    ['https://0x7f.1/', 'public'],
    ['https://0177.0.0.1/', 'public'],
    ['https://0.0.0.0/', 'public'],
    ['https://10.1.2.3/', 'public'],
    ['https://169.254.169.254/latest', 'public'],
    ['https://100.64.0.1/', 'public'],
    ['https://[::1]/', 'public'],
    ['https://[::ffff:10.0.0.1]/', 'public'],
    ['https://[64:ff9b::a00:1]/', 'public'],
    ['https://[2002:a00:1::]/', 'public'],
    ['https://db.internal/', 'public'],
    ['ftp://example.com/', 'whole URL'],
    ['example.com', 'whole URL'],
  ])('%s is refused with the reason', async (url, reason) => {
    const made = await strict.call('POST', '/api/v1/webhook-endpoints', { token: scene.tenant.token, body: { url } });
    expect(made.status).toBe(422);
    expect(made.body.errors).toMatchObject([{ pointer: '/url', detail: expect.stringContaining(reason) }]);
  });

  it('is refused for a job too, and headers of the message cannot be taken over', async () => {
    const refused = await scene.call('POST', '/jobs', {
      model: 'replicate/flux-schnell',
      input: { prompt: 'x' },
      webhook_url: 'https://10.0.0.1/',
    });
    expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/webhook_url' }] });
    const taken = await scene.call('POST', '/webhook-endpoints', {
      url: scene.receiver.url,
      headers: { 'Webhook-Id': 'mine' },
    });
    expect(taken.status).toBe(422);
  });
});

describe('the webhook_url of a job', () => {
  const orderWith = (url: string, sandbox: string) =>
    scene.call('POST', '/jobs', {
      model: 'replicate/flux-schnell',
      input: { prompt: `a kite [sandbox: picture=tiny, ${sandbox}]` },
      webhook_url: url,
    });

  it('is told of the end only, signed with the organization’s secret, which can be rotated', async () => {
    const { secret } = await scene.must('GET', '/organization/webhook-secret');
    const made = await orderWith(scene.receiver.url, 'latency=50');
    expect(made.status, made.text).toBe(202);
    const job = await endOf(api, scene.tenant, String(made.body.id));
    const [told] = await scene.arrived(1);
    if (told === undefined) throw new Error('nothing arrived');
    expect(verifyMessage(told, String(secret))).toMatchObject({
      type: 'job.completed',
      data: { id: job.id, status: 'completed' },
    });

    const rotated = await scene.must('POST', '/organization/webhook-secret/rotate');
    const failing = await orderWith(scene.receiver.url, 'fail=422');
    await endOf(api, scene.tenant, String(failing.body.id));
    const [, second] = await scene.arrived(2);
    if (second === undefined) throw new Error('nothing arrived');
    for (const known of [secret, rotated.secret])
      expect(verifyMessage(second, String(known))).toMatchObject({ data: { id: failing.body.id } });
    expect((await scene.must('GET', '/organization/webhook-deliveries?status=succeeded')).data).toMatchObject([
      { webhook_endpoint_id: null },
      { webhook_endpoint_id: null },
    ]);
    expect(scene.receiver.received).toHaveLength(2);
    await expectSoundLedger(api, scene.tenant);
  });

  it('needs a plan with webhooks', async () => {
    const free = await makeTenant(api, { plan: 'starter' });
    const body = { model: 'replicate/flux-schnell', input: { prompt: 'x' }, webhook_url: scene.receiver.url };
    const answer = await api.call('POST', '/api/v1/jobs', { token: free.token, body });
    expect(answer.body).toMatchObject({ code: 'feature_not_in_plan', feature: 'webhooks' });
  });
});

it('the catalogue is shown with a schema and an example for each type', async () => {
  const { data } = await scene.must('GET', '/webhook-event-types');
  const shown = data as { type: string; schema: Record<string, unknown>; example: { data: unknown } }[];
  expect(shown.map(({ type }) => type)).toEqual(Object.keys(eventTypes));
  for (const { schema, example } of shown)
    expect(schema).toMatchObject({ type: 'object', required: Object.keys(example.data as object) });
});
