import { eventTypes } from '@base/shared/contracts/event-types';
import { type Received, type Receiver, startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endOf, expectSoundLedger, orderJob } from '../../testing/jobs.ts';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let receiver: Receiver;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi({ PRIVATE_HOSTS_ALLOWED: ['127.0.0.1'] });
});
afterAll(() => api.close());
beforeEach(async () => {
  [receiver, tenant] = await Promise.all([startReceiver(), makeTenant(api, { plan: 'professional' })]);
});
afterEach(() => receiver.close());

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
  api.call(method, `/api/v1${path}`, { token: tenant.token, body, ...(headers && { headers }) });

async function must(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await call(method, path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
}

interface Endpoint {
  id: string;
  secret: string;
}

async function makeEndpoint(fields: Record<string, unknown> = {}): Promise<Endpoint> {
  const body = await must('POST', '/webhook-endpoints', { url: receiver.url, ...fields });
  return { id: String(body.id), secret: String(body.secret) };
}

const arrived = (count: number, from = receiver): Promise<Received[]> =>
  until(`${count} messages arrive`, () => from.received.length >= count && from.received, {
    timeoutMs: 20_000,
    explain: async () => JSON.stringify(from.received.map(({ body }) => body)),
  });

const verify = ({ body, headers }: Received, secret: string): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>); // the three headers are strings

interface Delivery {
  id: string;
  status: string;
  attempts: number;
  next_attempt_at: string | null;
  error: string | null;
  event_type: string;
  attempt_log: Record<string, unknown>[];
}

/** The test event's delivery, once the endpoint has been told so often. */
async function tested(endpoint: Endpoint, attempts = 1): Promise<Delivery> {
  const { id } = await must('POST', `/webhook-endpoints/${endpoint.id}/test`);
  return afterAttempts(String(id), attempts);
}

const afterAttempts = (id: string, attempts: number): Promise<Delivery> =>
  until(`delivery ${id} has had ${attempts} attempts`, async () => {
    const delivery = (await must('GET', `/webhook-deliveries/${id}`)) as unknown as Delivery; // checked by the API in tests
    return delivery.attempts >= attempts && delivery.status !== 'delivering' && delivery;
  });

/** As if the time until the next try had passed. */
async function passTime(deliveryId: string): Promise<void> {
  await api.deps.pool.query(
    `with due as (update webhook_deliveries set next_attempt_at = clock_timestamp() where id = $1 and status = 'pending' returning lane_id)
     update webhook_lanes l set due_at = clock_timestamp() from due where l.id = due.lane_id`,
    [deliveryId],
  );
}

const secondsUntil = (delivery: Delivery) => (Date.parse(delivery.next_attempt_at ?? '') - Date.now()) / 1000;

describe('a message', () => {
  it('tells the life of a job, signed as Standard Webhooks says, with the endpoint’s own headers', async () => {
    const { secret } = await makeEndpoint({
      headers: { Authorization: 'Bearer mine' },
      events: ['job.queued', 'job.completed'],
    });
    const job = await orderJob(api, tenant);
    const ended = await endOf(api, tenant, job.id);
    const messages = await arrived(2);
    for (const one of messages) {
      expect(verify(one, secret)).toEqual(one.message);
      expect(one.message.id).toBe(one.id);
      expect(one.headers).toMatchObject({
        authorization: 'Bearer mine',
        'user-agent': 'BASE-Webhooks/1',
        'content-type': 'application/json',
      });
    }
    const told = new Map(messages.map(({ message }) => [message.type, message]));
    expect(told.get('job.queued')?.data).toEqual({ id: job.id, status: 'queued' });
    expect(told.get('job.completed')?.data).toEqual({
      id: job.id,
      status: 'completed',
      credits: ended.credits.charged,
    });
    expect(
      Math.abs(Date.parse(told.get('job.completed')?.timestamp ?? '') - Date.parse(ended.completed_at ?? '')),
    ).toBeLessThan(50);
    await expectSoundLedger(api, tenant);
  });

  it('is signed with both secrets for a day after a rotation, and with all of the day after several', async () => {
    const endpoint = await makeEndpoint();
    const secrets = [endpoint.secret];
    for (let round = 0; round < 2; round += 1) {
      const rotated = await must('POST', `/webhook-endpoints/${endpoint.id}/rotate-secret`);
      secrets.push(String(rotated.secret));
      const left = Date.parse(String(rotated.previous_secret_until)) - Date.now();
      expect(Math.abs(left - 86_400_000)).toBeLessThan(10_000);
    }
    expect(new Set(secrets).size).toBe(3);
    await tested(endpoint);
    const [one] = await arrived(1);
    if (one === undefined) throw new Error('nothing arrived');
    for (const secret of secrets) expect(verify(one, secret)).toEqual(one.message);
    expect(() => verify(one, `whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow();
  });

  it('goes to those who are subscribed to its type; a test only to the endpoint that is tested', async () => {
    const other = await startReceiver();
    try {
      await makeEndpoint({ events: ['api_key.created'], url: other.url });
      const all = await makeEndpoint();
      await tested(all);
      await must('POST', '/api-keys', { name: 'one', scopes: ['read'] });
      await must('POST', '/organization/invitations', { email: 'a@b.test', role: 'viewer' });
      await arrived(3);
      await arrived(1, other);
      expect(receiver.received.map(({ message }) => message.type).sort()).toEqual([
        'api_key.created',
        'member.invited',
        'webhook.test',
      ]);
      expect(other.received.map(({ message }) => message.type)).toEqual(['api_key.created']);
      expect(JSON.stringify(receiver.received.map(({ body }) => body))).not.toContain('a@b.test');
    } finally {
      await other.close();
    }
  });
});

describe('a message that fails', () => {
  it('comes again with the same id and a new time, five seconds later, and what was answered is kept', async () => {
    const endpoint = await makeEndpoint();
    receiver.answerWith((_one, count) =>
      count === 1 ? { status: 500, body: 'a\0stumble' } : { status: 200, body: 'x'.repeat(5_000) },
    );
    const delivery = await tested(endpoint, 2);
    const [first, second] = receiver.received;
    if (!first || !second) throw new Error('two attempts were told of');
    expect(second.id).toBe(first.id);
    expect(second.body).toBe(first.body);
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));
    expect(second.at - first.at).toBeGreaterThan(4_400);
    expect(second.at - first.at).toBeLessThan(8_000);
    expect(verify(second, endpoint.secret)).toEqual(first.message);
    expect(delivery).toMatchObject({ status: 'succeeded', next_attempt_at: null, error: null });
    expect(delivery.attempt_log).toMatchObject([
      { number: 1, response_code: 500, response_head: 'astumble', error: 'HTTP 500' },
      { number: 2, response_code: 200, response_head: 'x'.repeat(1_024), error: null },
    ]);
  });

  it('is tried eight times, ever later, then given up, and can be sent again', async () => {
    const endpoint = await makeEndpoint();
    receiver.answerWith({ status: 302, headers: { location: receiver.url } });
    let delivery = await tested(endpoint, 1);
    for (const [index, seconds] of [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].entries()) {
      expect(delivery).toMatchObject({
        status: 'pending',
        attempts: index + 1,
        error: 'HTTP 302: redirects are not followed',
      });
      expect(secondsUntil(delivery)).toBeGreaterThan(seconds * 0.89 - 5);
      expect(secondsUntil(delivery)).toBeLessThan(seconds * 1.11);
      await passTime(delivery.id);
      delivery = await afterAttempts(delivery.id, index + 2);
    }
    expect(delivery).toMatchObject({ status: 'failed', attempts: 8, next_attempt_at: null });
    expect(receiver.received).toHaveLength(8);
    expect((await must('GET', `/webhook-endpoints/${endpoint.id}`)).statistics).toMatchObject({
      failed: 1,
      failed_attempts: 8,
      succeeded: 0,
    });

    receiver.answerWith({ status: 204 });
    expect(await must('POST', `/webhook-deliveries/${delivery.id}/redeliver`)).toMatchObject({ status: 'pending' });
    expect(await afterAttempts(delivery.id, 9)).toMatchObject({ status: 'succeeded' });
    expect(receiver.received.at(-1)?.id).toBe(receiver.received[0]?.id);
    expect((await must('GET', `/webhook-endpoints/${endpoint.id}`)).statistics).toMatchObject({
      succeeded: 1,
      failing_since: null,
    });
  });

  it.each([
    ['120', 120],
    ['9999999', 86_400],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_600],
  ])('waits as long as Retry-After: %s asks, up to a day', async (header, seconds) => {
    const endpoint = await makeEndpoint();
    receiver.answerWith({ status: 429, headers: { 'retry-after': header } });
    const left = secondsUntil(await tested(endpoint));
    expect(left).toBeGreaterThan(seconds - 60);
    expect(left).toBeLessThanOrEqual(seconds + 1);
  });
});

describe('an endpoint', () => {
  it('that answers 410 is switched off at once; its organization is told, and what waits is canceled', async () => {
    const other = await startReceiver();
    try {
      const gone = await makeEndpoint({ events: ['api_key.created'] });
      await makeEndpoint({ url: other.url, events: ['webhook_endpoint.disabled'] });
      receiver.answerWith({ status: 410 });
      expect(await tested(gone)).toMatchObject({ status: 'failed', attempts: 1 });
      const [told] = await arrived(1, other);
      expect(told?.message).toMatchObject({ type: 'webhook_endpoint.disabled', data: { id: gone.id, reason: 'gone' } });
      expect(await must('GET', `/webhook-endpoints/${gone.id}`)).toMatchObject({
        enabled: false,
        disabled_reason: 'gone',
      });
      const { rows } = await api.deps.pool.query(
        'select template, data from email_outbox where organization_id = $1 and template = $2',
        [tenant.organizationId, 'webhook_disabled'],
      );
      expect(rows).toMatchObject([
        { template: 'webhook_disabled', data: { reason: 'gone', webhook_endpoint_id: gone.id } },
      ]);
      await must('POST', '/api-keys', { name: 'one', scopes: ['read'] });
      expect((await call('POST', `/webhook-endpoints/${gone.id}/test`)).status).toBe(409);
      expect((await must('GET', `/webhook-endpoints/${gone.id}/deliveries`)).data).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('that has done nothing but fail for five days is switched off, one day earlier it is not', async () => {
    const endpoint = await makeEndpoint();
    receiver.answerWith({ status: 500 });
    const delivery = await tested(endpoint);
    for (const [days, enabled] of [
      [4, true],
      [5, false],
    ] as const) {
      await api.deps.pool.query(
        `update webhook_lanes set first_failure_at = clock_timestamp() - make_interval(days => $2) where id = $1`,
        [endpoint.id, days],
      );
      await passTime(delivery.id);
      await afterAttempts(delivery.id, days === 4 ? 2 : 3);
      await until(
        `it is ${enabled ? 'on' : 'off'}`,
        async () => (await must('GET', `/webhook-endpoints/${endpoint.id}`)).enabled === enabled,
      );
    }
    expect(await must('GET', `/webhook-endpoints/${endpoint.id}`)).toMatchObject({ disabled_reason: 'failing' });
    await until('what waited is canceled', async () => (await afterAttempts(delivery.id, 3)).status === 'canceled');
  });

  it('that was off gets by replay what it missed, and with only_failed nothing twice', async () => {
    const from = new Date(Date.now() - 1_000).toISOString();
    const endpoint = await makeEndpoint({ events: ['api_key.created'] });
    await must('POST', '/api-keys', { name: 'told', scopes: ['read'] });
    await arrived(1);
    await must('PATCH', `/webhook-endpoints/${endpoint.id}`, { enabled: false });
    await must('POST', '/api-keys', { name: 'missed', scopes: ['read'] });
    await must('POST', '/organization/invitations', { email: 'c@b.test', role: 'viewer' });
    expect((await call('POST', `/webhook-endpoints/${endpoint.id}/replay`, { from })).status).toBe(409);
    await must('PATCH', `/webhook-endpoints/${endpoint.id}`, { enabled: true });
    await until('the first is settled', async () => {
      const { data } = await must('GET', `/webhook-endpoints/${endpoint.id}/deliveries?status=succeeded`);
      return (data as unknown[]).length === 1;
    });
    const replay = (body: Record<string, unknown>) =>
      must('POST', `/webhook-endpoints/${endpoint.id}/replay`, { from, ...body });
    expect(await replay({ only_failed: true })).toMatchObject({ deliveries: 1, continue_from: null });
    await arrived(2);
    await until('both are settled', async () => {
      const { data } = await must('GET', `/webhook-endpoints/${endpoint.id}/deliveries?status=succeeded`);
      return (data as unknown[]).length === 2;
    });
    expect(await replay({ only_failed: true })).toMatchObject({ deliveries: 0 });
    expect(await replay({ to: from.replace(/^\d{4}/, '2999') })).toMatchObject({ deliveries: 2 });
    const messages = await arrived(4);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(2);
    expect(await replay({ events: ['member.invited'], only_failed: true })).toMatchObject({ deliveries: 1 });
  });

  it('shows its secret once, also to a repeated request, and its headers never', async () => {
    const body = { url: receiver.url, headers: { 'X-Token': 'hush-hush' } };
    const again = { 'idempotency-key': 'one-endpoint' };
    const first = await call('POST', '/webhook-endpoints', body, again);
    const second = await call('POST', '/webhook-endpoints', body, again);
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(second.body).toMatchObject({ id: first.body.id, secret: null });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await call('POST', '/webhook-endpoints', { ...body, description: 'x' }, again)).body.code).toBe(
      'idempotency_key_reused',
    );
    const list = await call('GET', '/webhook-endpoints');
    const one = await call('GET', `/webhook-endpoints/${String(first.body.id)}`);
    expect(one.body.header_names).toEqual(['X-Token']);
    const { rows } = await api.deps.pool.query(
      `select jsonb_agg(to_jsonb(a)) as log, (select jsonb_agg(to_jsonb(w)) from webhooks w where w.organization_id = $1) as rows
       from audit_logs a where a.organization_id = $1`,
      [tenant.organizationId],
    );
    const shown = list.text + one.text + second.text + JSON.stringify(rows) + api.logged();
    expect(shown).toContain('[secret]');
    expect(shown).not.toContain('hush-hush');
    expect(shown).not.toContain(String(first.body.secret).slice(6));
  });

  it('is one of twenty at most, however many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 23 }, () => call('POST', '/webhook-endpoints', { url: receiver.url })),
    );
    expect(made.map(({ status }) => status).sort()).toEqual([...Array<number>(20).fill(201), 409, 409, 409]);
    const [{ body }] = made.filter(({ status }) => status === 201) as [Answer];
    expect((await call('DELETE', `/webhook-endpoints/${String(body.id)}`)).status).toBe(204);
    expect((await call('GET', `/webhook-endpoints/${String(body.id)}`)).status).toBe(404);
    await makeEndpoint();
  });

  it('is for managers of plans that include webhooks', async () => {
    const free = await makeTenant(api, { plan: 'starter' });
    const answer = await api.call('POST', '/api/v1/webhook-endpoints', {
      token: free.token,
      body: { url: receiver.url },
    });
    expect(answer.body).toMatchObject({ code: 'feature_not_in_plan', feature: 'webhooks' });
    const member = await addMember(api, tenant, 'member');
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
    const made = await strict.call('POST', '/api/v1/webhook-endpoints', { token: tenant.token, body: { url } });
    expect(made.status).toBe(422);
    expect(made.body.errors).toMatchObject([{ pointer: '/url', detail: expect.stringContaining(reason) }]);
  });

  it('is refused for a job too, and headers of the message cannot be taken over', async () => {
    const refused = await call('POST', '/jobs', {
      model: 'replicate/flux-schnell',
      input: { prompt: 'x' },
      webhook_url: 'https://10.0.0.1/',
    });
    expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/webhook_url' }] });
    const taken = await call('POST', '/webhook-endpoints', { url: receiver.url, headers: { 'Webhook-Id': 'mine' } });
    expect(taken.status).toBe(422);
  });
});

describe('the webhook_url of a job', () => {
  const orderWith = (url: string, sandbox: string) =>
    call('POST', '/jobs', {
      model: 'replicate/flux-schnell',
      input: { prompt: `a kite [sandbox: picture=tiny, ${sandbox}]` },
      webhook_url: url,
    });

  it('is told of the end only, signed with the organization’s secret, which can be rotated', async () => {
    const { secret } = await must('GET', '/organization/webhook-secret');
    const made = await orderWith(receiver.url, 'latency=50');
    expect(made.status, made.text).toBe(202);
    const job = await endOf(api, tenant, String(made.body.id));
    const [told] = await arrived(1);
    if (told === undefined) throw new Error('nothing arrived');
    expect(verify(told, String(secret))).toMatchObject({
      type: 'job.completed',
      data: { id: job.id, status: 'completed' },
    });

    const rotated = await must('POST', '/organization/webhook-secret/rotate');
    const failing = await orderWith(receiver.url, 'fail=422');
    await endOf(api, tenant, String(failing.body.id));
    const [, second] = await arrived(2);
    if (second === undefined) throw new Error('nothing arrived');
    for (const known of [secret, rotated.secret])
      expect(verify(second, String(known))).toMatchObject({ data: { id: failing.body.id } });
    expect((await must('GET', '/organization/webhook-deliveries?status=succeeded')).data).toMatchObject([
      { webhook_endpoint_id: null },
      { webhook_endpoint_id: null },
    ]);
    expect(receiver.received).toHaveLength(2);
    await expectSoundLedger(api, tenant);
  });

  it('needs a plan with webhooks', async () => {
    const free = await makeTenant(api, { plan: 'starter' });
    const body = { model: 'replicate/flux-schnell', input: { prompt: 'x' }, webhook_url: receiver.url };
    const answer = await api.call('POST', '/api/v1/jobs', { token: free.token, body });
    expect(answer.body).toMatchObject({ code: 'feature_not_in_plan', feature: 'webhooks' });
  });
});

it('the catalogue is shown with a schema and an example for each type', async () => {
  const { data } = await must('GET', '/webhook-event-types');
  const shown = data as { type: string; schema: Record<string, unknown>; example: { data: unknown } }[];
  expect(shown.map(({ type }) => type)).toEqual(Object.keys(eventTypes));
  for (const { schema, example } of shown)
    expect(schema).toMatchObject({ type: 'object', required: Object.keys(example.data as object) });
});
