import { webhookSecret } from '@base/shared/contracts/webhooks';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { ensureCallbackSecret } from '../../webhooks/callback-secret.ts';
import { findOrganizationSecret } from './organization-secret.ts';
import { createWebhookSeal } from './seal-webhook.ts';

export const rotateOrganizationSecret = endpoint({
  method: 'post',
  path: '/organization/webhook-secret/rotate',
  tag: 'webhooks',
  summary: 'Replace what signs the messages to the `webhook_url` of jobs',
  description: 'For 24 hours they are signed with the old one too.',
  access: 'webhooks:write',
  responses: { 200: { description: 'The new secret.', body: webhookSecret } },
  errors: ['feature_not_in_plan', 'conflict'],
  async handle({ deps, principal, writer }) {
    const { organizationId } = principal;
    requireFeature(principal, 'webhooks');
    await ensureCallbackSecret(deps, writer, organizationId);
    const old = await findOrganizationSecret(deps.db, principal);
    const { secret, sealed } = createWebhookSeal(deps, organizationId, organizationId).rotate(old);
    const { numUpdatedRows } = await writer.db
      .updateTable('webhook_secrets')
      .set(sealed)
      .where('organization_id', '=', organizationId)
      .where('secret_ciphertext', '=', old.secret_ciphertext)
      .executeTakeFirst();
    if (numUpdatedRows === 0n)
      throw new ApiError('conflict', { detail: 'Somebody else is rotating it at this moment.' });
    return ok({
      object: 'webhook_secret',
      secret,
      previous_secret_until: sealed.previous_secrets_until?.toISOString() ?? null,
    });
  },
});
