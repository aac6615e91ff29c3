import type { createdWebhookEndpoint, webhookEndpoint } from '@base/shared/contracts/webhooks';
import type { WebhookLanes, Webhooks } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

export type WebhookRow = Pick<
  Selectable<Webhooks>,
  | 'id'
  | 'url'
  | 'description'
  | 'events'
  | 'header_names'
  | 'is_enabled'
  | 'disabled_reason'
  | 'throttle_per_second'
  | 'max_concurrency'
  | 'previous_secrets_until'
  | 'created_at'
  | 'updated_at'
> &
  Pick<
    Selectable<WebhookLanes>,
    | 'deliveries_succeeded'
    | 'deliveries_failed'
    | 'attempts_failed'
    | 'succeeded_ms'
    | 'last_success_at'
    | 'last_failure_at'
    | 'first_failure_at'
  > & { waiting: number };

type Wire = z.input<typeof webhookEndpoint>;

/** An endpoint on the wire: of its secrets and headers nothing but the headers' names. */
export function presentWebhook(row: WebhookRow): Wire {
  const succeeded = Number(row.deliveries_succeeded);
  return {
    id: row.id,
    object: 'webhook_endpoint',
    url: row.url,
    description: row.description,
    events: row.events,
    header_names: row.header_names,
    enabled: row.is_enabled,
    disabled_reason: row.disabled_reason as Wire['disabled_reason'], // a CHECK constraint leaves only these
    throttle_per_second: row.throttle_per_second,
    max_concurrency: row.max_concurrency,
    previous_secret_until: presentTime(isOver(row.previous_secrets_until) ? null : row.previous_secrets_until),
    statistics: {
      succeeded,
      failed: Number(row.deliveries_failed),
      failed_attempts: Number(row.attempts_failed),
      waiting: Number(row.waiting),
      average_ms: succeeded === 0 ? null : Math.round(Number(row.succeeded_ms) / succeeded),
      last_success_at: presentTime(row.last_success_at),
      last_failure_at: presentTime(row.last_failure_at),
      failing_since: presentTime(row.first_failure_at),
    },
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** An endpoint just made, or with a new secret; null when the answer is a replay. */
export function presentCreatedWebhook(row: WebhookRow, secret: string | null): z.input<typeof createdWebhookEndpoint> {
  return { ...presentWebhook(row), secret };
}

function isOver(until: Date | null): boolean {
  return until !== null && until.getTime() <= Date.now();
}

function presentTime(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
