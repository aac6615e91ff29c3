import type { WebhookMessage } from '@base/shared/contracts/event-types';
import { webhookDeliveryDetails } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { selectDeliveries } from './find-deliveries.ts';
import { presentDelivery } from './present-delivery.ts';

export const getDelivery = endpoint({
  method: 'get',
  path: '/webhook-deliveries/:id',
  tag: 'webhooks',
  summary: 'One delivery: the message, and every attempt to bring it',
  access: 'webhooks:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The delivery.', body: webhookDeliveryDetails } },
  errors: ['not_found'],
  async handle({ params, deps, principal }) {
    const row = await selectDeliveries(deps.db, principal)
      .innerJoin('events as e', 'e.id', 'd.event_id')
      .leftJoin('webhooks as w', 'w.id', 'd.webhook_id')
      .select(['d.url as own_url', 'w.url as endpoint_url', 'e.resource_id', 'e.data', 'e.created_at as event_at'])
      .select((builder) =>
        jsonArrayFrom(
          builder
            .selectFrom('webhook_attempts as a')
            .select(['a.number', 'a.response_code', 'a.duration_ms', 'a.response_head', 'a.error', 'a.created_at'])
            .whereRef('a.delivery_id', '=', 'd.id')
            .orderBy('a.number'),
        ).as('attempt_log'),
      )
      .where('d.id', '=', params.id)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    const data = row.data as Record<string, unknown>; // events have objects only
    return ok({
      ...presentDelivery(row),
      url: row.own_url ?? row.endpoint_url ?? '',
      message: {
        id: row.event_id,
        type: row.event_type as WebhookMessage['type'], // only types of the catalogue are written
        timestamp: row.event_at.toISOString(),
        data: { id: row.resource_id, ...data },
      },
      attempt_log: row.attempt_log.map((attempt) => ({
        ...attempt,
        created_at: new Date(attempt.created_at).toISOString(),
      })),
    });
  },
});
