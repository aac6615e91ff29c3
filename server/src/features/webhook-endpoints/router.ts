import type { Endpoint } from '../../http/endpoint.ts';
import { createWebhookEndpoint } from './create-webhook-endpoint.ts';
import { deleteWebhookEndpoint } from './delete-webhook-endpoint.ts';
import { getDelivery } from './get-delivery.ts';
import { getOrganizationSecret } from './get-organization-secret.ts';
import { getWebhookEndpoint } from './get-webhook-endpoint.ts';
import { listCallbackDeliveries } from './list-callback-deliveries.ts';
import { listDeliveries } from './list-deliveries.ts';
import { listEventTypes } from './list-event-types.ts';
import { listWebhookEndpoints } from './list-webhook-endpoints.ts';
import { redeliver } from './redeliver.ts';
import { replayWebhookEndpoint } from './replay-webhook-endpoint.ts';
import { rotateOrganizationSecret } from './rotate-organization-secret.ts';
import { rotateWebhookSecret } from './rotate-webhook-secret.ts';
import { testWebhookEndpoint } from './test-webhook-endpoint.ts';
import { updateWebhookEndpoint } from './update-webhook-endpoint.ts';

export const webhookEndpoints: readonly Endpoint[] = [
  listEventTypes,
  listWebhookEndpoints,
  createWebhookEndpoint,
  getWebhookEndpoint,
  updateWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  replayWebhookEndpoint,
  listDeliveries,
  getDelivery,
  redeliver,
  getOrganizationSecret,
  rotateOrganizationSecret,
  listCallbackDeliveries,
];
