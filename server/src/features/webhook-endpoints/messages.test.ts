import { startReceiver } from '@base/shared/testing/start-receiver';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endOf, expectSoundLedger, orderJob } from '../../testing/jobs.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import { openWebhookScene, secondsUntil, verifyMessage, type WebhookScene } from '../../testing/webhooks.ts';

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

describe('a message', () => {
  it('tells the life of a job, signed as Standard Webhooks says, with the endpoint’s own headers', async () => {
    const { secret } = await scene.makeEndpoint({
      headers: { Authorization: 'Bearer mine' },
      events: ['job.queued', 'job.completed'],
    });
    const job = await orderJob(api, scene.tenant);
    const ended = await endOf(api, scene.tenant, job.id);
    const messages = await scene.arrived(2);
    for (const one of messages) {
      expect(verifyMessage(one, secret)).toEqual(one.message);
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
      // The event’s own time, not the delivery’s; both were written in one transaction.
    ).toBeLessThan(10_000);
    await expectSoundLedger(api, scene.tenant);
  });

  it('is signed with both secrets for a day after a rotation, and with all of the day after several', async () => {
    const endpoint = await scene.makeEndpoint();
    const secrets = [endpoint.secret];
    for (let round = 0; round < 2; round += 1) {
      const rotated = await scene.must('POST', `/webhook-endpoints/${endpoint.id}/rotate-secret`);
      secrets.push(String(rotated.secret));
      const left = Date.parse(String(rotated.previous_secret_until)) - Date.now();
      expect(Math.abs(left - 86_400_000)).toBeLessThan(10_000);
    }
    expect(new Set(secrets).size).toBe(3);
    await scene.tested(endpoint);
    const [one] = await scene.arrived(1);
    if (one === undefined) throw new Error('nothing arrived');
    for (const secret of secrets) expect(verifyMessage(one, secret)).toEqual(one.message);
    expect(() => verifyMessage(one, `whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow();
  });

  it('goes to those who are subscribed to its type; a test only to the endpoint that is tested', async () => {
    const other = await startReceiver();
    try {
      await scene.makeEndpoint({ events: ['api_key.created'], url: other.url });
      const all = await scene.makeEndpoint();
      await scene.tested(all);
      await scene.must('POST', '/api-keys', { name: 'one', scopes: ['read'] });
      await scene.must('POST', '/organization/invitations', { email: 'a@b.test', role: 'viewer' });
      await scene.arrived(3);
      await scene.arrived(1, other);
      expect(scene.receiver.received.map(({ message }) => message.type).sort()).toEqual([
        'api_key.created',
        'member.invited',
        'webhook.test',
      ]);
      expect(other.received.map(({ message }) => message.type)).toEqual(['api_key.created']);
      expect(JSON.stringify(scene.receiver.received.map(({ body }) => body))).not.toContain('a@b.test');
    } finally {
      await other.close();
    }
  });
});

describe('a message that fails', () => {
  it('comes again with the same id and a new time, five seconds later, and what was answered is kept', async () => {
    const endpoint = await scene.makeEndpoint();
    scene.receiver.answerWith((_one, count) =>
      count === 1 ? { status: 500, body: 'a\0stumble' } : { status: 200, body: 'x'.repeat(5_000) },
    );
    const delivery = await scene.tested(endpoint, 2);
    const [first, second] = scene.receiver.received;
    if (!first || !second) throw new Error('two attempts were told of');
    expect(second.id).toBe(first.id);
    expect(second.body).toBe(first.body);
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));
    expect(second.at - first.at).toBeGreaterThan(4_400);
    expect(second.at - first.at).toBeLessThan(8_000);
    expect(verifyMessage(second, endpoint.secret)).toEqual(first.message);
    expect(delivery).toMatchObject({ status: 'succeeded', next_attempt_at: null, error: null });
    expect(delivery.attempt_log).toMatchObject([
      { number: 1, response_code: 500, response_head: 'astumble', error: 'HTTP 500' },
      { number: 2, response_code: 200, response_head: 'x'.repeat(1_024), error: null },
    ]);
  });

  it('is tried eight times, ever later, then given up, and can be sent again', async () => {
    const endpoint = await scene.makeEndpoint();
    scene.receiver.answerWith({ status: 302, headers: { location: scene.receiver.url } });
    // The second try comes by itself, after five seconds.
    let delivery = await scene.tested(endpoint, 2);
    for (const [index, seconds] of [300, 1_800, 7_200, 18_000, 36_000, 36_000].entries()) {
      expect(delivery).toMatchObject({
        status: 'pending',
        attempts: index + 2,
        error: 'HTTP 302: redirects are not followed',
      });
      expect(secondsUntil(delivery)).toBeGreaterThan(seconds * 0.89 - 60);
      expect(secondsUntil(delivery)).toBeLessThan(seconds * 1.11);
      await scene.passTime(delivery.id);
      delivery = await scene.afterAttempts(delivery.id, index + 3);
    }
    expect(delivery).toMatchObject({ status: 'failed', attempts: 8, next_attempt_at: null });
    expect(scene.receiver.received).toHaveLength(8);
    expect((await scene.must('GET', `/webhook-endpoints/${endpoint.id}`)).statistics).toMatchObject({
      failed: 1,
      failed_attempts: 8,
      succeeded: 0,
    });

    scene.receiver.answerWith({ status: 204 });
    expect(await scene.must('POST', `/webhook-deliveries/${delivery.id}/redeliver`)).toMatchObject({
      status: 'pending',
    });
    expect(await scene.afterAttempts(delivery.id, 9)).toMatchObject({ status: 'succeeded' });
    expect(scene.receiver.received.at(-1)?.id).toBe(scene.receiver.received[0]?.id);
    expect((await scene.must('GET', `/webhook-endpoints/${endpoint.id}`)).statistics).toMatchObject({
      succeeded: 1,
      failing_since: null,
    });
  });

  it.each([
    ['120', 120],
    ['9999999', 86_400],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_600],
  ])('waits as long as Retry-After: %s asks, up to a day', async (header, seconds) => {
    const endpoint = await scene.makeEndpoint();
    scene.receiver.answerWith({ status: 429, headers: { 'retry-after': header } });
    const left = secondsUntil(await scene.tested(endpoint));
    expect(left).toBeGreaterThan(seconds - 60);
    expect(left).toBeLessThanOrEqual(seconds + 1);
  });
});
