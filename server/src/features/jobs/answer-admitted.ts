import { type Job, job } from '@base/shared/contracts/jobs';
import type { JobRow } from '../../admission/job-row.ts';
import { waitForJob } from '../../admission/wait-for-job.ts';
import type { Deps } from '../../deps.ts';
import type { Reply } from '../../http/endpoint.ts';
import type { Principal } from '../../http/principal.ts';
import { presentJob } from './present-job.ts';

const location = 'The job’s own address.';

/** The answers of every call that orders a job. */
export const admittedResponses = {
  201: {
    description: 'The job, ended within the time that the caller preferred to wait. Its `status` tells how.',
    body: job,
    headers: { Location: location, 'Preference-Applied': '`wait=n`.' },
  },
  202: {
    description: 'The job, admitted.',
    body: job,
    headers: { Location: location, 'Preference-Applied': '`wait=n` when the time was over before the job.' },
  },
} as const;

/** Answers an order, after the wait that the caller prefers. */
export async function answerAdmitted(
  admitted: { row: JobRow; isReplayed: boolean },
  prefer: string | undefined,
  context: { principal: Principal; deps: Deps; signal: AbortSignal },
): Promise<Reply<201, Job> | Reply<202, Job>> {
  const waited = await waitForJob(admitted.row, prefer, context);
  const body = presentJob(waited.row, context.deps);
  const headers = {
    Location: body.urls.self,
    ...waited.headers,
    ...(admitted.isReplayed ? { 'Idempotent-Replayed': 'true' } : {}),
  };
  return waited.status === 201 ? { status: 201, body, headers } : { status: 202, body, headers };
}
