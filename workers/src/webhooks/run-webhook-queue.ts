import { openWaitingRedis } from '@base/shared/queue/connection';
import { webhookChannelOf } from '@base/shared/queue/notices';
import { webhookQueue } from '@base/shared/queue/queues';
import type { WorkerDeps } from '../start/deps.ts';
import { type DeliverDeps, deliver } from './deliver.ts';
import { type ClaimedDelivery, claimDeliveries } from './delivery-store.ts';
import { createWebhookMetrics } from './webhook-metrics.ts';

// Deliveries wait in Postgres and are taken from there; Redis only says that it may be worth looking. With Redis empty or
// away they are late by a second, and nothing else. What a killed worker had under way is free again when its lease ends.

const timeoutMs = 15_000;
const leaseSeconds = 30;
/** Taken so long ago and not sent, because this process stood still: the lease may end before the answer comes. */
const staleMs = 10_000;
const lookEveryMs = 1_000;
/** Between two looks: after a message has ended, and after a notice from elsewhere. */
const gapMs = 10;
const noticeGapMs = 100;

export interface WebhookRunner {
  /** Takes no more and waits for what is under way. */
  close(): Promise<void>;
}

export type WebhookDeps = Pick<WorkerDeps, 'config' | 'log' | 'metrics' | 'pool' | 'secretBox'>;

/** Delivers webhooks until it is closed. */
export function runWebhookQueue(
  deps: WebhookDeps,
  options: Partial<Pick<DeliverDeps, 'trustedHosts' | 'timeoutMs'>> = {},
): WebhookRunner {
  const { config, log, pool } = deps;
  const { [webhookQueue]: own, '*': common = 1 } = config.WORKER_CONCURRENCY;
  const slots = own ?? common;
  // Receivers that do not work never take more than this, however many there are.
  const unprovenMax = Math.ceil(slots / 2);
  const deliverDeps = { ...deps, trustedHosts: config.PRIVATE_HOSTS_ALLOWED, timeoutMs, ...options };
  const underWay = new Set<Promise<void>>();
  let unproven = 0;
  const metrics = createWebhookMetrics(deps.metrics.registry, () => underWay.size);
  const alarm = createAlarm(look);
  const redis = openWaitingRedis(config.REDIS_URL, (err) => log.debug({ err }, 'Redis'));
  redis.on('message', () => alarm.ring(noticeGapMs));
  redis.subscribe(webhookChannelOf(config.QUEUE_PREFIX)).catch(() => {}); // ioredis subscribes again when it reconnects

  async function look(): Promise<void> {
    const free = slots - underWay.size;
    if (free <= 0) return;
    try {
      const claimedAt = performance.now();
      const unprovenSlots = Math.max(0, Math.min(unprovenMax - unproven, Math.ceil(free / 2)));
      const claimed = await claimDeliveries(pool, { slots: free, unprovenSlots, leaseSeconds });
      for (const delivery of claimed) start(delivery, claimedAt);
      if (claimed.length > 0) alarm.ring(gapMs);
    } catch (err) {
      log.warn({ err }, 'webhooks cannot be taken; they wait');
    }
  }

  function start(delivery: ClaimedDelivery, claimedAt: number): void {
    unproven += delivery.is_proven ? 0 : 1;
    metrics.delay.observe(delivery.due_ms / 1000);
    const sent: Promise<void> = run(delivery, claimedAt)
      .catch((err: unknown) =>
        log.warn({ err, delivery_id: delivery.id }, 'what became of a webhook is not written; it is sent again'),
      )
      .finally(() => {
        underWay.delete(sent);
        unproven -= delivery.is_proven ? 0 : 1;
        alarm.ring(gapMs);
      });
    underWay.add(sent);
  }

  async function run(delivery: ClaimedDelivery, claimedAt: number): Promise<void> {
    if (performance.now() - claimedAt > staleMs) return;
    metrics.attempts.inc({ outcome: await deliver(delivery, deliverDeps) });
  }

  return {
    async close() {
      await alarm.stop();
      redis.disconnect();
      await Promise.all(underWay);
    },
  };
}

interface Alarm {
  /** Asks for a look, no sooner than so long after the last one. */
  ring(gapMs: number): void;
  /** Resolves when the last look has ended. */
  stop(): Promise<void>;
}

/** Looks every second, and sooner when somebody rings; never twice at once. */
function createAlarm(look: () => Promise<void>): Alarm {
  let lookedAt = performance.now();
  let dueAt = lookedAt;
  let looking: Promise<void> | null = null;
  let isStopped = false;
  let timer = setTimeout(wake, 0);

  function wake(): void {
    looking = look().finally(() => {
      looking = null;
      if (!isStopped) schedule(dueAt);
    });
    lookedAt = performance.now();
    dueAt = lookedAt + lookEveryMs;
  }

  function schedule(at: number): void {
    clearTimeout(timer);
    timer = setTimeout(wake, Math.max(0, at - performance.now()));
  }

  return {
    ring(gapMs) {
      const at = lookedAt + gapMs;
      if (at >= dueAt) return;
      dueAt = at;
      if (looking === null && !isStopped) schedule(at);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
