import { isFinal } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, streamed } from '../../http/endpoint.ts';
import { openEventStream } from '../../http/event-stream.ts';
import { findJob } from './find-job.ts';
import { presentJob } from './present-job.ts';

/** Looked up this often without any notice, so that the stream is right even when Redis says nothing. */
const checkEveryMs = 5_000;

export const streamJobEvents = endpoint({
  method: 'get',
  path: '/jobs/:id/events',
  tag: 'jobs',
  summary: 'Follow a job as server-sent events',
  description:
    'Events are named `job` and carry the job as GET /jobs/{id} shows it: at once as it is now, then at each change; the ' +
    'stream ends with the job. Reconnecting is safe at any time, because the first event is always the present state; an ' +
    'event `closing` asks to reconnect, because this node is about to end.',
  access: 'jobs:read',
  params: z.object({ id }),
  responses: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
  errors: ['not_found'],
  async handle({ params, principal, deps, response }): Promise<typeof streamed> {
    // Listening comes first: a change between reading and listening would be missed.
    const changes = deps.notices.listen(principal.organizationId, (notice) => notice.job_id === params.id);
    try {
      const first = await findJob(deps.db, principal.organizationId, params.id);
      if (!first) throw new ApiError('not_found');
      const stream = openEventStream(response, { draining: deps.draining });
      let row: typeof first | undefined = first;
      let shown = '';
      while (row && !stream.closed.aborted) {
        const job = presentJob(row, deps);
        const text = JSON.stringify([job.status, job.progress, job.attempts, job.queue_position]);
        if (text !== shown) stream.send('job', job);
        shown = text;
        if (isFinal(job.status)) break;
        await changes.next({ timeoutMs: checkEveryMs, signal: stream.closed });
        if (!stream.closed.aborted) row = await findJob(deps.db, principal.organizationId, params.id);
      }
      stream.end();
      return streamed;
    } finally {
      changes.stop();
    }
  },
});
