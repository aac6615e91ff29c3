import { job, jobStatus } from '@base/shared/contracts/jobs';
import { id, page, pageQuery } from '@base/shared/contracts/wire';
import { jobColumns } from '../../admission/job-row.ts';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { presentJob } from './present-job.ts';

export const listJobs = endpoint({
  method: 'get',
  path: '/jobs',
  tag: 'jobs',
  summary: 'List jobs, newest first',
  access: 'jobs:read',
  query: pageQuery.extend({ status: jobStatus.optional(), project_id: id.optional() }),
  responses: { 200: { description: 'A page of jobs.', body: page(job) } },
  errors: ['invalid_cursor'],
  async handle({ query, principal, deps }) {
    const { take, below } = readPage(query);
    let select = deps.db
      .selectFrom('ai_jobs')
      .select(jobColumns)
      .where('organization_id', '=', principal.organizationId)
      .orderBy('id', 'desc')
      .limit(take);
    if (below !== null) select = select.where('id', '<', below);
    if (query.status !== undefined) select = select.where('status', '=', query.status);
    if (query.project_id !== undefined) select = select.where('project_id', '=', query.project_id);
    return ok(presentPage(await select.execute(), query.limit, (row) => presentJob(row, deps)));
  },
});
