import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import { sql } from 'kysely';
import type { Principal } from '../../http/principal.ts';
import type { WebhookRow } from './present-webhook.ts';

/** As many waiting deliveries are counted, so that a page costs the same whatever waits. */
const waitingMax = 1_000;

/** The organization's endpoints with their statistics, in one query. */
export function selectWebhooks(db: Db, principal: Principal) {
  const waiting = sql<number>`(select count(*) from (
    select from public.webhook_deliveries d where d.lane_id = w.id and d.status = 'pending' limit ${waitingMax}) x)`;
  return db
    .selectFrom('webhooks as w')
    .innerJoin('webhook_lanes as l', 'l.id', 'w.id')
    .select([
      'w.id',
      'w.url',
      'w.description',
      'w.events',
      'w.header_names',
      'w.is_enabled',
      'w.disabled_reason',
      'w.throttle_per_second',
      'w.max_concurrency',
      'w.previous_secrets_until',
      'w.created_at',
      'w.updated_at',
      'l.deliveries_succeeded',
      'l.deliveries_failed',
      'l.attempts_failed',
      'l.succeeded_ms',
      'l.last_success_at',
      'l.last_failure_at',
      'l.first_failure_at',
      waiting.as('waiting'),
    ])
    .where('w.organization_id', '=', principal.organizationId)
    .where('w.deleted_at', 'is', null);
}

/** The organization's own endpoint. @throws ApiError not_found */
export async function findWebhook(db: Db, principal: Principal, id: string): Promise<WebhookRow> {
  const row = await selectWebhooks(db, principal).where('w.id', '=', id).executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return row;
}
