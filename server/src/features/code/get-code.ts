import { generatedCode } from '@base/shared/contracts/text';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findTextJob } from '../../text/find-text-job.ts';
import { codeShape, presentCode } from './code-answer.ts';

export const getCode = endpoint({
  method: 'get',
  path: '/code/:job_id',
  tag: 'code',
  summary: 'Read code that was asked for',
  access: 'jobs:read',
  params: z.strictObject({ job_id: id }),
  responses: { 200: { description: 'The code, or null while the job runs.', body: generatedCode } },
  errors: ['not_found'],
  async handle({ params, principal, deps }) {
    const row = await findTextJob(deps.db, principal.organizationId, params.job_id, codeShape.name);
    return ok(presentCode(row, deps.publicUrl));
  },
});
