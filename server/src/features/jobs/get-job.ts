import { job } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { findJob } from '../../admission/find-job.ts';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentJob } from './present-job.ts';

export const getJob = endpoint({
  method: 'get',
  path: '/jobs/:id',
  tag: 'jobs',
  summary: 'Read a job',
  access: 'jobs:read',
  params: z.object({ id }),
  responses: { 200: { description: 'The job as it is now.', body: job } },
  errors: ['not_found'],
  async handle({ params, principal, deps }) {
    const row = await findJob(deps.db, principal.organizationId, params.id);
    if (!row) throw new ApiError('not_found');
    return ok(presentJob(row, deps));
  },
});
