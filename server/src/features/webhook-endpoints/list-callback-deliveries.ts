import { deliveryQuery, webhookDelivery } from '@base/shared/contracts/webhooks';
import { page } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { listLane } from './find-deliveries.ts';

export const listCallbackDeliveries = endpoint({
  method: 'get',
  path: '/organization/webhook-deliveries',
  tag: 'webhooks',
  summary: 'What the `webhook_url` of jobs were told, newest first',
  description: 'Deliveries are kept for 30 days.',
  access: 'webhooks:read',
  query: deliveryQuery,
  responses: { 200: { description: 'A page of deliveries.', body: page(webhookDelivery) } },
  errors: ['invalid_cursor'],
  handle: async ({ query, deps, principal }) => ok(await listLane(deps.db, principal, principal.organizationId, query)),
});
