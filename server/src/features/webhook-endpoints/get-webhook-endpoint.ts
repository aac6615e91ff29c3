import { webhookEndpoint } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findWebhook } from './find-webhook.ts';
import { presentWebhook } from './present-webhook.ts';

export const getWebhookEndpoint = endpoint({
  method: 'get',
  path: '/webhook-endpoints/:id',
  tag: 'webhooks',
  summary: 'One endpoint with its statistics',
  access: 'webhooks:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The endpoint, without its secret.', body: webhookEndpoint } },
  handle: async ({ params, deps, principal }) => ok(presentWebhook(await findWebhook(deps.db, principal, params.id))),
});
