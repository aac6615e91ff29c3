import { insights } from '@base/shared/contracts/text';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findTextJob } from '../../text/find-text-job.ts';
import { insightsShape, presentInsights } from './insights-answer.ts';

export const getInsights = endpoint({
  method: 'get',
  path: '/assistant/insights/:job_id',
  tag: 'assistant',
  summary: 'Read insights that were asked for',
  access: 'jobs:read',
  params: z.strictObject({ job_id: id }),
  responses: { 200: { description: 'The insights, or null while the job runs.', body: insights } },
  errors: ['not_found'],
  async handle({ params, principal, deps }) {
    const row = await findTextJob(deps.db, principal.organizationId, params.job_id, insightsShape.name);
    return ok(presentInsights(row, deps.publicUrl));
  },
});
