import type { Subscriptions } from '@base/shared/db/database.types';
import { ApiError } from '@base/shared/errors/api-error';
import type { Selectable } from 'kysely';
import type { Deps } from '../../deps.ts';

export type SubscriptionRow = Selectable<Subscriptions>;

/** The organization's live subscription, or the last one that it had; null without any. */
export async function findSubscription({ db }: Deps, organizationId: string): Promise<SubscriptionRow | null> {
  const row = await db
    .selectFrom('subscriptions')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy((order) => order.case().when('status', '=', 'canceled').then(1).else(0).end())
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The one that can be changed. @throws ApiError conflict */
export async function findLiveSubscription(deps: Deps, organizationId: string): Promise<SubscriptionRow> {
  const row = await findSubscription(deps, organizationId);
  if (row === null || row.status === 'canceled') {
    throw new ApiError('conflict', { detail: 'There is no subscription; begin one with POST /billing/checkout.' });
  }
  return row;
}
