import type { WebhookMessage } from '@base/shared/contracts/event-types';
import type { ClaimedDelivery } from './delivery-store.ts';

/** The message of an event: the same on every try. */
export function buildMessage(
  event: Pick<ClaimedDelivery, 'event_id' | 'event_type' | 'event_at' | 'resource_id' | 'data'>,
): { body: Buffer } {
  const message = {
    id: event.event_id,
    type: event.event_type as WebhookMessage['type'], // only types of the catalogue are written
    timestamp: event.event_at.toISOString(),
    data: { id: event.resource_id, ...event.data },
  } satisfies WebhookMessage;
  return { body: Buffer.from(JSON.stringify(message)) };
}
