import { job } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import type { LifecycleRow } from '@base/shared/db/queries/job-lifecycle';
import { ApiError } from '@base/shared/errors/api-error';
import { sendNotices } from '@base/shared/queue/notices';
import * as z from 'zod';
import type { JobRow } from '../../admission/job-row.ts';
import { accepted, endpoint, ok } from '../../http/endpoint.ts';
import { presentJob } from './present-job.ts';

export const cancelJob = endpoint({
  method: 'post',
  path: '/jobs/:id/cancel',
  tag: 'jobs',
  summary: 'Cancel a job',
  description:
    'Ends a job that has not ended yet, whatever it is doing; everything held goes back and nothing is charged. The provider ' +
    'is told to stop where it can be; a result that comes all the same is discarded. A text that is being written is the exception: ' +
    'what was written has been read, so it is stopped within seconds and charged for what there is (202; the job then ends as ' +
    'completed, with finish_reason `canceled`).',
  access: 'jobs:write',
  params: z.object({ id }),
  responses: {
    200: { description: 'The canceled job.', body: job },
    202: { description: 'The text is being stopped.', body: job },
  },
  errors: ['not_found', 'job_finished'],
  async handle({ params, principal, deps, writer }) {
    const { rows } = await writer.query<{ code: string; job: JobRow | null; promoted: LifecycleRow[] | null }>(
      'select * from public.cancel_job($1, $2)',
      [principal.organizationId, params.id],
    );
    const result = rows[0];
    if (!result?.job) throw new ApiError('not_found');
    if (result.code === 'job_finished') {
      throw new ApiError('job_finished', {
        detail: `The job is ${result.job.status} and cannot be canceled.`,
        figures: { job_status: result.job.status },
      });
    }
    if (result.code === 'canceling') return accepted(presentJob(result.job, deps));
    void deps.enqueuer.enqueue(
      (result.promoted ?? []).map(({ job_id, type, attempts, priority }) => ({ id: job_id, type, attempts, priority })),
    );
    sendNotices(deps.redis, deps.config.QUEUE_PREFIX, [
      { organizationId: principal.organizationId, notice: { job_id: params.id, status: 'canceled' } },
    ]);
    return ok(presentJob(result.job, deps));
  },
});
