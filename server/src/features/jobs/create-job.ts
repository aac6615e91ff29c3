import { createJobBody, job } from '@base/shared/contracts/jobs';
import { admissionErrors, admitJob } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import { waitForJob } from '../../admission/wait-for-job.ts';
import { endpoint } from '../../http/endpoint.ts';
import { presentJob } from './present-job.ts';

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
  responses: {
    201: {
      description: 'The job, ended within the time that the caller preferred to wait. Its `status` tells how.',
      body: job,
      headers: { Location: 'The job’s own address.', 'Preference-Applied': '`wait=n`.' },
    },
    202: {
      description: 'The job, admitted.',
      body: job,
      headers: {
        Location: 'The job’s own address.',
        'Preference-Applied': '`wait=n` when the time was over before the job.',
      },
    },
  },
  errors: admissionErrors,
  async handle({ body, headers, principal, idempotencyKey, requestId, deps, signal }) {
    const { row: admitted, isReplayed } = await admitJob(body, { principal, idempotencyKey, requestId, deps });
    const waited = await waitForJob(admitted, headers.prefer, { principal, deps, signal });
    const presented = presentJob(waited.row, deps);
    return {
      status: waited.status,
      body: presented,
      headers: {
        Location: presented.urls.self,
        ...waited.headers,
        ...(isReplayed ? { 'Idempotent-Replayed': 'true' } : {}),
      },
    };
  },
});
