import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';

export const deleteWebhookEndpoint = endpoint({
  method: 'delete',
  path: '/webhook-endpoints/:id',
  tag: 'webhooks',
  summary: 'Delete an endpoint',
  description:
    'What still waits is canceled, and its secrets are gone at once. Its deliveries can be read until they are 30 days old.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'It is gone.' } },
  errors: ['not_found'],
  async handle({ params, principal, writer }) {
    const { numUpdatedRows } = await writer.db
      .updateTable('webhooks')
      .set({
        deleted_at: new Date(),
        is_enabled: false,
        disabled_reason: 'by_hand',
        header_names: [],
        headers_ciphertext: null,
        secret_ciphertext: Buffer.alloc(0),
        previous_secrets_ciphertext: null,
        previous_secrets_until: null,
      })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ApiError('not_found');
    return noContent();
  },
});
