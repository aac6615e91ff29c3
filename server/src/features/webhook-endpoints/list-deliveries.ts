import { deliveryQuery, webhookDelivery } from '@base/shared/contracts/webhooks';
import { id, page } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { listLane } from './find-deliveries.ts';
import { findWebhook } from './find-webhook.ts';

export const listDeliveries = endpoint({
  method: 'get',
  path: '/webhook-endpoints/:id/deliveries',
  tag: 'webhooks',
  summary: 'What an endpoint was told, and is still to be told, newest first',
  description: 'Deliveries are kept for 30 days.',
  access: 'webhooks:read',
  params: z.strictObject({ id }),
  query: deliveryQuery,
  responses: { 200: { description: 'A page of deliveries.', body: page(webhookDelivery) } },
  errors: ['not_found', 'invalid_cursor'],
  async handle({ params, query, deps, principal }) {
    await findWebhook(deps.db, principal, params.id);
    return ok(await listLane(deps.db, principal, params.id, query));
  },
});
