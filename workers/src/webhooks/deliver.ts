import type { SecretBox } from '@base/shared/crypto/secret-box';
import { signWebhook } from '@base/shared/crypto/webhook-secret';
import type { ResolveAll } from '@base/shared/http-client/guarded-request';
import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import { buildMessage } from './build-message.ts';
import { type Attempt, type ClaimedDelivery, disableWebhook, finishDelivery } from './delivery-store.ts';
import { openSecrets } from './open-secrets.ts';
import { retrySeconds } from './retry-ladder.ts';
import { type Answer, sendMessage } from './send-message.ts';

export interface DeliverDeps {
  pool: Pool;
  secretBox: SecretBox;
  log: Logger;
  trustedHosts: readonly string[];
  timeoutMs: number;
  resolveAll?: ResolveAll;
}

/** How an attempt ended, for metrics: `lost` when somebody else had the delivery by then. */
export type Outcome = 'succeeded' | 'failed' | 'lost';

/**
 * Sends a delivery once and writes down what became of it. When that cannot be written, the delivery is sent again after
 * its lease, with the same `webhook-id`: at least once, never knowingly twice.
 */
export async function deliver(delivery: ClaimedDelivery, deps: DeliverDeps): Promise<Outcome> {
  const answer = await send(delivery, deps);
  const attempt = judge(answer, delivery.step);
  const finish = await finishDelivery(deps.pool, delivery, attempt);
  if (finish === 'lost') return 'lost';
  if (delivery.webhook_id !== null && (finish === 'gone' || finish === 'failing')) {
    const wasOn = await disableWebhook(deps.pool, delivery.webhook_id, finish);
    if (wasOn) deps.log.info({ webhook_id: delivery.webhook_id, reason: finish }, 'a webhook was switched off');
  }
  return attempt.isSuccess ? 'succeeded' : 'failed';
}

async function send(delivery: ClaimedDelivery, deps: DeliverDeps): Promise<Answer> {
  const nowMs = Date.now();
  let opened: ReturnType<typeof openSecrets>;
  try {
    opened = openSecrets(delivery, deps.secretBox, nowMs);
  } catch (err) {
    deps.log.error({ err, webhook_id: delivery.webhook_id }, 'a webhook’s secret cannot be opened');
    const error = 'it could not be signed; this is a fault of ours';
    return { code: null, durationMs: 0, head: null, error, retryAfterSeconds: null };
  }
  const { body } = buildMessage(delivery);
  const timestamp = Math.floor(nowMs / 1000);
  const headers = {
    ...opened.headers,
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'BASE-Webhooks/1',
    'webhook-id': delivery.event_id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook(opened.secrets, { id: delivery.event_id, timestamp, body }),
  };
  return sendMessage({ url: delivery.url, headers, body }, deps);
}

/** Only 2xx is a success; 410 is the receiver's wish to hear no more of it. */
function judge(answer: Answer, failuresBefore: number): Attempt {
  const isSuccess = answer.code !== null && answer.code >= 200 && answer.code < 300;
  const isOver = isSuccess || answer.code === 410;
  return {
    isSuccess,
    responseCode: answer.code,
    durationMs: answer.durationMs,
    responseHead: answer.head,
    error: answer.error,
    retrySeconds: isOver ? null : retrySeconds(failuresBefore + 1, answer.retryAfterSeconds, Math.random()),
  };
}
