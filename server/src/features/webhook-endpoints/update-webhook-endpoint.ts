import { updateWebhookBody, webhookEndpoint } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { wakeWebhooks } from '@base/shared/queue/notices';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { checkWebhookUrl } from '../../webhooks/check-webhook-url.ts';
import { findWebhook } from './find-webhook.ts';
import { presentWebhook } from './present-webhook.ts';
import { createWebhookSeal } from './seal-webhook.ts';

export const updateWebhookEndpoint = endpoint({
  method: 'patch',
  path: '/webhook-endpoints/:id',
  tag: 'webhooks',
  summary: 'Change an endpoint, or switch it off or on',
  description:
    'Switched off, it is told of nothing, and what still waits is canceled. Switched on again, it begins anew: what it missed ' +
    'can be had by POST /webhook-endpoints/{id}/replay. `headers` replaces all of them.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  body: updateWebhookBody,
  responses: { 200: { description: 'The endpoint as changed.', body: webhookEndpoint } },
  errors: ['not_found'],
  async handle({ params, body, deps, principal, writer }) {
    const { headers, enabled, ...fields } = body;
    if (fields.url !== undefined) checkWebhookUrl(fields.url, deps, '/url');
    const seal = createWebhookSeal(deps, principal.organizationId, params.id);
    const changed = await writer.db
      .updateTable('webhooks')
      .set({
        ...fields,
        ...(headers !== undefined && seal.sealHeaders(headers)),
        ...(enabled !== undefined && { is_enabled: enabled, disabled_reason: enabled ? null : 'by_hand' }),
        updated_at: new Date(),
      })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (changed === undefined) throw new ApiError('not_found');
    wakeWebhooks(deps.redis, deps.config.QUEUE_PREFIX);
    return ok(presentWebhook(await findWebhook(deps.db, principal, params.id)));
  },
});
