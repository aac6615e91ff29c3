import { isFinal, type Job } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { textNotice } from '@base/shared/queue/text-stream';
import * as z from 'zod';
import { findJob } from '../../admission/find-job.ts';
import { endpoint, streamed } from '../../http/endpoint.ts';
import { type EventStream, openEventStream } from '../../http/event-stream.ts';
import { followText, type TextFollower } from '../../http/text-follower.ts';
import { presentJob } from './present-job.ts';

/** Looked up this often without any notice, so that the stream is right even when Redis says nothing. */
const checkEveryMs = 5_000;

const lastEventId = z.string().optional().meta({
  description: 'The id of the last `text` event that came; the text goes on after it, on any node.',
});

export const streamJobEvents = endpoint({
  method: 'get',
  path: '/jobs/:id/events',
  tag: 'jobs',
  summary: 'Follow a job as server-sent events',
  description:
    'Events are named `job` and carry the job as GET /jobs/{id} shows it: at once as it is now, then at each change; the ' +
    'stream ends with the job. Reconnecting is safe at any time, because the first event is always the present state; an ' +
    'event `closing` asks to reconnect, because this node is about to end. The browser’s `EventSource`, which sends no ' +
    'headers, opens it with the `token` of POST /event-tokens.\n\n' +
    'A text job also sends events `text` with `{attempt, offset, delta}` while the model writes, from the beginning of ' +
    'the present attempt, or after the event named by `Last-Event-ID`. `offset` is the place of `delta` in the text of ' +
    'that attempt, counted in UTF-16 units: put it there, and drop what you had from there on. A larger `attempt` starts ' +
    'over at offset 0. Should the store of unfinished texts lose data, a part may be missing or come again, as its offset ' +
    'shows; the last event `job` always carries the whole text.',
  access: 'jobs:read',
  eventToken: true,
  params: z.object({ id }),
  headers: z.object({ 'last-event-id': lastEventId }),
  responses: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
  errors: ['not_found'],
  async handle({ params, headers, principal, deps, response }): Promise<typeof streamed> {
    let isDue = false;
    // Listening comes first: a change between reading and listening would be missed.
    const changes = deps.notices.listen(principal.organizationId, (notice) => {
      if (notice.job_id !== params.id) return false;
      if (notice.status !== textNotice) isDue = true;
      return true;
    });
    try {
      let row = await findJob(deps.db, principal.organizationId, params.id);
      if (!row) throw new ApiError('not_found');
      const stream = openEventStream(response, { draining: deps.draining });
      const from = readEventId(headers['last-event-id']);
      const text = row.type === 'text' ? followText(deps.redis, deps.config.QUEUE_PREFIX, row.id, from) : null;
      let shown = '';
      while (row && !stream.closed.aborted) {
        const job = presentJob(row, deps);
        if (isFinal(job.status)) {
          await sendText(stream, text);
          stream.send('job', job);
          break;
        }
        if (stateOf(job) !== shown) stream.send('job', job);
        shown = stateOf(job);
        const endMs = performance.now() + checkEveryMs;
        do {
          await sendText(stream, text);
          await changes.next({ timeoutMs: Math.max(0, endMs - performance.now()), signal: stream.closed });
        } while (!isDue && !stream.closed.aborted && performance.now() < endMs);
        isDue = false;
        if (!stream.closed.aborted) row = await findJob(deps.db, principal.organizationId, params.id);
      }
      stream.end();
      return streamed;
    } finally {
      changes.stop();
    }
  },
});

/** Anything else than an id that we gave out is ignored, as the specification of event streams wants it. */
function readEventId(header: string | undefined): string | null {
  return header !== undefined && /^\d{1,15}-\d{1,15}$/.test(header) ? header : null;
}

function stateOf(job: Job): string {
  return JSON.stringify([job.status, job.progress, job.attempts, job.queue_position]);
}

/** Sends the text that is there by now, no faster than the client takes it. */
async function sendText(stream: EventStream, text: TextFollower | null): Promise<void> {
  await stream.drained();
  if (text === null) return;
  try {
    for await (const { id: eventId, ...piece } of text.news()) {
      stream.send('text', piece, eventId);
      await stream.drained();
      if (stream.closed.aborted) return;
    }
  } catch {
    // Without Redis the text comes later, and with the end of the job at the latest.
  }
}
