import type { webhookDelivery } from '@base/shared/contracts/webhooks';
import type { WebhookDeliveries } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

export const deliveryColumns = [
  'd.id',
  'd.webhook_id',
  'd.event_id',
  'd.event_type',
  'd.status',
  'd.attempts',
  'd.next_attempt_at',
  'd.response_code',
  'd.duration_ms',
  'd.error',
  'd.created_at',
  'd.ended_at',
] as const;

type Column = (typeof deliveryColumns)[number] extends `d.${infer Name}` ? Name : never;
export type DeliveryRow = Pick<Selectable<WebhookDeliveries>, Column>;

/** A delivery on the wire. */
export function presentDelivery(row: DeliveryRow): z.input<typeof webhookDelivery> {
  return {
    id: row.id,
    object: 'webhook_delivery',
    webhook_endpoint_id: row.webhook_id,
    event_id: row.event_id,
    event_type: row.event_type,
    status: row.status,
    attempts: row.attempts,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    response_code: row.response_code,
    duration_ms: row.duration_ms,
    error: row.error,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}
