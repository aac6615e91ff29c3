import { webhookDelivery } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { wakeWebhooks } from '@base/shared/queue/notices';
import * as z from 'zod';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { selectDeliveries } from './find-deliveries.ts';
import { findWebhook } from './find-webhook.ts';
import { presentDelivery } from './present-delivery.ts';

export const testWebhookEndpoint = endpoint({
  method: 'post',
  path: '/webhook-endpoints/:id/test',
  tag: 'webhooks',
  summary: 'Send the endpoint a `webhook.test` event',
  description: 'Ask for the delivery again to see what became of it. Failures are tried again like those of any event.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  responses: {
    202: {
      description: 'The delivery.',
      body: webhookDelivery,
      headers: { Location: 'Where the delivery can be read.' },
    },
  },
  errors: ['not_found', 'conflict'],
  async handle({ params, deps, principal, writer }) {
    const { rows } = await writer.query<{ id: string | null }>('select public.send_webhook_test($1, $2) as id', [
      principal.organizationId,
      params.id,
    ]);
    const deliveryId = rows[0]?.id ?? null;
    if (deliveryId === null) {
      await findWebhook(deps.db, principal, params.id);
      throw new ApiError('conflict', { detail: 'The endpoint is switched off.' });
    }
    wakeWebhooks(deps.redis, deps.config.QUEUE_PREFIX);
    const row = await selectDeliveries(deps.db, principal).where('d.id', '=', deliveryId).executeTakeFirstOrThrow();
    return accepted(presentDelivery(row), { Location: `/api/v1/webhook-deliveries/${deliveryId}` });
  },
});
