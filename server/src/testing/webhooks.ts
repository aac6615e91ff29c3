import { type Received, type Receiver, startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';
import { makeTenant, type TestTenant } from './make-tenant.ts';
import type { Answer, TestApi } from './start-api.ts';

export interface TestEndpoint {
  id: string;
  secret: string;
}

export interface TestDelivery {
  id: string;
  status: string;
  attempts: number;
  next_attempt_at: string | null;
  error: string | null;
  event_type: string;
  attempt_log: Record<string, unknown>[];
}

/** An organization whose plan includes webhooks, and a receiver of its own. */
export interface WebhookScene {
  tenant: TestTenant;
  receiver: Receiver;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The body of an answer that must be a success. */
  must(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  makeEndpoint(fields?: Record<string, unknown>): Promise<TestEndpoint>;
  arrived(count: number, at?: Receiver): Promise<Received[]>;
  /** The delivery of a test event, once it has been tried so often. */
  tested(endpoint: TestEndpoint, attempts?: number): Promise<TestDelivery>;
  afterAttempts(deliveryId: string, attempts: number): Promise<TestDelivery>;
  /** As if the time until the next try had passed. */
  passTime(deliveryId: string): Promise<void>;
  close(): Promise<void>;
}

export async function openWebhookScene(api: TestApi): Promise<WebhookScene> {
  const [receiver, tenant] = await Promise.all([startReceiver(), makeTenant(api, { plan: 'professional' })]);
  const scene: WebhookScene = {
    tenant,
    receiver,
    call: (method, path, body, headers) =>
      api.call(method, `/api/v1${path}`, { token: tenant.token, body, ...(headers && { headers }) }),
    async must(method, path, body) {
      const answer = await scene.call(method, path, body);
      expect(answer.status, answer.text).toBeLessThan(300);
      return answer.body;
    },
    async makeEndpoint(fields = {}) {
      const body = await scene.must('POST', '/webhook-endpoints', { url: receiver.url, ...fields });
      return { id: String(body.id), secret: String(body.secret) };
    },
    arrived: (count, at = receiver) =>
      until(`${count} messages arrive`, () => at.received.length >= count && at.received, {
        timeoutMs: 20_000,
        explain: async () => JSON.stringify(at.received.map(({ body }) => body)),
      }),
    async tested(endpoint, attempts = 1) {
      const { id } = await scene.must('POST', `/webhook-endpoints/${endpoint.id}/test`);
      return scene.afterAttempts(String(id), attempts);
    },
    afterAttempts: (deliveryId, attempts) =>
      until(
        `delivery ${deliveryId} has had ${attempts} attempts`,
        async () => {
          const body = await scene.must('GET', `/webhook-deliveries/${deliveryId}`);
          const delivery = body as unknown as TestDelivery; // checked against its schema by the API in tests
          return delivery.attempts >= attempts && delivery.status !== 'delivering' && delivery;
          // Slowly: what a person may ask in a minute is limited.
        },
        { intervalMs: 200 },
      ),
    async passTime(deliveryId) {
      await api.deps.pool.query(
        `with due as (
           update webhook_deliveries set next_attempt_at = clock_timestamp() where id = $1 and status = 'pending' returning lane_id
         )
         update webhook_lanes l set due_at = clock_timestamp() from due where l.id = due.lane_id`,
        [deliveryId],
      );
    },
    close: () => receiver.close(),
  };
  return scene;
}

/** What the scheme's own library reads in a message. @throws when the secret did not sign it */
export function verifyMessage({ body, headers }: Received, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>); // the three headers are strings
}

export function secondsUntil(delivery: TestDelivery): number {
  return (Date.parse(delivery.next_attempt_at ?? '') - Date.now()) / 1000;
}
