import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { admissionErrors, admitJob, type JobRequest } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import type { Deps } from '../../deps.ts';
import { endpoint } from '../../http/endpoint.ts';
import { hashRequest } from '../../http/idempotency-key.ts';
import { admittedResponses, answerAdmitted } from './answer-admitted.ts';

export const retryJob = endpoint({
  method: 'post',
  path: '/jobs/:id/retry',
  tag: 'jobs',
  summary: 'Try a failed or canceled job again',
  description:
    'Admits a new job with the same model, input, project, metadata, webhook_url and fallback, at today’s prices; `retry_of` names the ' +
    'old one, which stays as it is.',
  access: 'jobs:write',
  idempotent: true,
  params: z.object({ id }),
  headers: preferHeaders,
  responses: admittedResponses,
  errors: ['not_found', 'job_not_retryable', ...admissionErrors],
  async handle({ params, headers, principal, idempotencyKey, requestId, deps, signal }) {
    const request = await readRequest(deps, principal.organizationId, params.id);
    const requestHash = hashRequest({ retry_of: params.id });
    const context = { principal, idempotencyKey, requestId, deps, retryOf: params.id, requestHash };
    const admitted = await admitJob(request, context);
    return answerAdmitted(admitted, headers.prefer, { principal, deps, signal });
  },
});

/** What an ended job was asked to make. @throws ApiError not_found, job_not_retryable */
async function readRequest(deps: Deps, organizationId: string, jobId: string): Promise<JobRequest> {
  const row = await deps.db
    .selectFrom('ai_jobs')
    .select(['status', 'provider', 'model', 'input', 'project_id', 'metadata', 'fallbacks', 'webhook_url'])
    .where('organization_id', '=', organizationId)
    .where('id', '=', jobId)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found');
  if (row.status !== 'failed' && row.status !== 'canceled') {
    throw new ApiError('job_not_retryable', {
      detail: `The job is ${row.status}; only a failed or canceled job can be tried again.`,
      figures: { job_status: row.status },
    });
  }
  return {
    model: `${row.provider}/${row.model}`,
    // Admission stores objects and string maps only.
    input: row.input as Record<string, unknown>,
    metadata: row.metadata as Record<string, string>,
    project_id: row.project_id ?? undefined,
    webhook_url: row.webhook_url ?? undefined,
    fallback: Array.isArray(row.fallbacks) && row.fallbacks.length > 0,
  };
}
