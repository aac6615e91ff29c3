import type { deliveryQuery, webhookDelivery } from '@base/shared/contracts/webhooks';
import type { Db } from '@base/shared/db/database';
import type * as z from 'zod';
import { presentPage, readPage } from '../../http/page.ts';
import type { Principal } from '../../http/principal.ts';
import { deliveryColumns, presentDelivery } from './present-delivery.ts';

/** The organization's deliveries. */
export function selectDeliveries(db: Db, principal: Principal) {
  return db
    .selectFrom('webhook_deliveries as d')
    .select(deliveryColumns)
    .where('d.organization_id', '=', principal.organizationId);
}

/** A page of what one lane was told: an endpoint's, or, by the organization's own id, that of the callbacks of jobs. */
export async function listLane(
  db: Db,
  principal: Principal,
  laneId: string,
  query: z.output<typeof deliveryQuery>,
): Promise<{ data: z.input<typeof webhookDelivery>[]; has_more: boolean; next_cursor: string | null }> {
  const { take, below } = readPage(query);
  let deliveries = selectDeliveries(db, principal).where('d.lane_id', '=', laneId);
  if (below !== null) deliveries = deliveries.where('d.id', '<', below);
  if (query.status !== undefined) deliveries = deliveries.where('d.status', '=', query.status);
  if (query.event_type !== undefined) deliveries = deliveries.where('d.event_type', '=', query.event_type);
  const rows = await deliveries.orderBy('d.id', 'desc').limit(take).execute();
  return presentPage(rows, query.limit, presentDelivery);
}
