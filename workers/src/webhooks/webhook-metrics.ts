import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Outcome } from './deliver.ts';

export interface WebhookMetrics {
  attempts: Counter<'outcome'>;
  delay: Histogram;
}

/** @param underWay how many messages are under way now */
export function createWebhookMetrics(registry: Registry, underWay: () => number): WebhookMetrics {
  const registers = [registry];
  new Gauge({
    name: 'webhook_messages_under_way',
    help: 'Messages that receivers have not answered yet.',
    registers,
    collect() {
      this.set(underWay());
    },
  });
  const attempts = new Counter({
    name: 'webhook_attempts_total',
    help: 'Messages sent, by what became of them: succeeded, failed, lost (somebody else had it by then).',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['succeeded', 'failed', 'lost'] satisfies Outcome[]) attempts.inc({ outcome }, 0);
  const delay = new Histogram({
    name: 'webhook_delay_seconds',
    help: 'Time from when a message was due until a worker took it.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600],
    registers,
  });
  return { attempts, delay };
}
