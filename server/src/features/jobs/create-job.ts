import { createJobBody } from '@base/shared/contracts/jobs';
import { admissionErrors, admitJob } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import { endpoint } from '../../http/endpoint.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { ensureCallbackSecret } from '../../webhooks/callback-secret.ts';
import { checkWebhookUrl } from '../../webhooks/check-webhook-url.ts';
import { admittedResponses, answerAdmitted } from './answer-admitted.ts';

export const createJob = endpoint({
  method: 'post',
  path: '/jobs',
  tag: 'jobs',
  summary: 'Create a job',
  description:
    'Checks the input against the model’s schema, holds the credits and admits the job. Nothing is charged before a result ' +
    'is stored; what is held is the most the job can cost.',
  access: 'jobs:write',
  idempotent: true,
  headers: preferHeaders,
  body: createJobBody,
  responses: admittedResponses,
  errors: admissionErrors,
  async handle({ body, headers, principal, idempotencyKey, requestId, deps, signal, writer }) {
    if (body.webhook_url !== undefined) {
      requireFeature(principal, 'webhooks');
      checkWebhookUrl(body.webhook_url, deps, '/webhook_url');
      await ensureCallbackSecret(deps, writer, principal.organizationId);
    }
    const admitted = await admitJob(body, { principal, idempotencyKey, requestId, deps });
    return answerAdmitted(admitted, headers.prefer, { principal, deps, signal });
  },
});
