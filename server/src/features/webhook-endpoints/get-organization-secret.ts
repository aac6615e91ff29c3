import { webhookSecret } from '@base/shared/contracts/webhooks';
import { endpoint, ok } from '../../http/endpoint.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { ensureCallbackSecret } from '../../webhooks/callback-secret.ts';
import { findOrganizationSecret } from './organization-secret.ts';
import { createWebhookSeal } from './seal-webhook.ts';

export const getOrganizationSecret = endpoint({
  method: 'get',
  path: '/organization/webhook-secret',
  tag: 'webhooks',
  summary: 'What signs the messages to the `webhook_url` of jobs',
  description: 'It is made when it is first asked for, or first needed.',
  access: 'webhooks:write',
  responses: { 200: { description: 'The secret.', body: webhookSecret } },
  errors: ['feature_not_in_plan'],
  async handle({ deps, principal, writer }) {
    requireFeature(principal, 'webhooks');
    await ensureCallbackSecret(deps, writer, principal.organizationId);
    const sealed = await findOrganizationSecret(deps.db, principal);
    const { organizationId } = principal;
    const until = sealed.previous_secrets_until;
    return ok({
      object: 'webhook_secret',
      secret: createWebhookSeal(deps, organizationId, organizationId).openSecret(sealed.secret_ciphertext),
      previous_secret_until: until !== null && until.getTime() > Date.now() ? until.toISOString() : null,
    });
  },
});
