import { createdWebhookEndpoint } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findWebhook } from './find-webhook.ts';
import { presentCreatedWebhook } from './present-webhook.ts';
import { createWebhookSeal } from './seal-webhook.ts';

export const rotateWebhookSecret = endpoint({
  method: 'post',
  path: '/webhook-endpoints/:id/rotate-secret',
  tag: 'webhooks',
  summary: 'Replace the secret; for 24 hours messages are signed with the old one too',
  description: 'Calling it again within that time keeps all secrets of the day good, so a lost answer does no harm.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The endpoint with its new secret, this once.', body: createdWebhookEndpoint } },
  errors: ['not_found', 'conflict'],
  async handle({ params, deps, principal, writer }) {
    const old = await deps.db
      .selectFrom('webhooks')
      .select(['secret_ciphertext', 'previous_secrets_ciphertext', 'previous_secrets_until'])
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (old === undefined) throw new ApiError('not_found');
    const { secret, sealed } = createWebhookSeal(deps, principal.organizationId, params.id).rotate(old);
    const { numUpdatedRows } = await writer.db
      .updateTable('webhooks')
      .set(sealed)
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('secret_ciphertext', '=', old.secret_ciphertext)
      .executeTakeFirst();
    if (numUpdatedRows === 0n)
      throw new ApiError('conflict', { detail: 'Somebody else is rotating it at this moment.' });
    return ok(presentCreatedWebhook(await findWebhook(deps.db, principal, params.id), secret));
  },
});
