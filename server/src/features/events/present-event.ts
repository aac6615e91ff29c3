import type { event } from '@base/shared/contracts/events';
import type { Events } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import * as z from 'zod';

export const eventColumns = ['id', 'type', 'resource_id', 'data', 'created_at'] as const;

export type EventRow = Pick<Selectable<Events>, (typeof eventColumns)[number]>;

const stored = z.record(z.string(), z.unknown());

/** An event as lists, streams and webhooks show it. */
export function presentEvent(row: EventRow): z.input<typeof event> {
  return {
    id: row.id,
    object: 'event',
    type: row.type,
    created_at: row.created_at.toISOString(),
    data: { id: row.resource_id, ...stored.parse(row.data) },
  };
}
