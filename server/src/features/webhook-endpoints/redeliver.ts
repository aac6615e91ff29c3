import { webhookDelivery } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { wakeWebhooks } from '@base/shared/queue/notices';
import * as z from 'zod';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { selectDeliveries } from './find-deliveries.ts';
import { presentDelivery } from './present-delivery.ts';

export const redeliver = endpoint({
  method: 'post',
  path: '/webhook-deliveries/:id/redeliver',
  tag: 'webhooks',
  summary: 'Send an ended delivery again',
  description: 'With the same `webhook-id`, and again up to eight times if it fails.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  responses: { 202: { description: 'The delivery, waiting.', body: webhookDelivery } },
  errors: ['not_found', 'conflict'],
  async handle({ params, deps, principal, writer }) {
    const { rows } = await writer.query<{ code: 'ordered' | 'not_found' | 'under_way' | 'disabled' }>(
      'select public.redeliver_webhook($1, $2) as code',
      [principal.organizationId, params.id],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code === 'not_found') throw new ApiError('not_found');
    if (code === 'disabled') throw new ApiError('conflict', { detail: 'The endpoint is switched off or deleted.' });
    if (code === 'under_way') throw new ApiError('conflict', { detail: 'The delivery has not ended yet.' });
    wakeWebhooks(deps.redis, deps.config.QUEUE_PREFIX);
    const row = await selectDeliveries(deps.db, principal).where('d.id', '=', params.id).executeTakeFirstOrThrow();
    return accepted(presentDelivery(row));
  },
});
