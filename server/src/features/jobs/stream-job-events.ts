import { hash } from 'node:crypto';
import { isFinal, type Job } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { textNotice } from '@base/shared/queue/text-stream';
import * as z from 'zod';
import { findJob } from '../../admission/find-job.ts';
import { endpoint, noContent, streamed } from '../../http/endpoint.ts';
import { type EventStream, openEventStream } from '../../http/event-stream.ts';
import { followText, type TextFollower } from '../../http/text-follower.ts';
import { presentJob } from './present-job.ts';

/** Looked up this often without any notice, so that the stream is right even when Redis says nothing. */
const checkEveryMs = 5_000;

const lastEventId = z.string().optional().meta({
  description: 'The id of the last event that came: the stream goes on after it, on any node.',
});

export const streamJobEvents = endpoint({
  method: 'get',
  path: '/jobs/:id/events',
  tag: 'jobs',
  summary: 'Follow a job as server-sent events',
  description:
    'Events are named `job` and carry the job as GET /jobs/{id} shows it: at once as it is now, then at each change; the ' +
    'stream ends with the job. After `Last-Event-ID` only a state that the client does not have is sent, and 204 when it has ' +
    'the last one. An event `closing` asks to reconnect, because this node is about to end. The browser’s `EventSource`, which sends no ' +
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
  responses: {
    200: { description: 'The stream.', contentType: 'text/event-stream' },
    204: { description: 'The job has ended, and the client knows; `EventSource` does not come again.' },
  },
  errors: ['not_found'],
  async handle({ params, headers, principal, deps, response }) {
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
      const place = readEventId(headers['last-event-id']);
      if (isFinal(row.status) && markOf(presentJob(row, deps)) === place.state) return noContent();
      const stream = openEventStream(response, { draining: deps.draining });
      const text = row.type === 'text' ? followText(deps.redis, deps.config.QUEUE_PREFIX, row.id, place.text) : null;
      while (row && !stream.closed.aborted) {
        const job = presentJob(row, deps);
        const state = markOf(job);
        // The last state comes after the text: whoever has its id has everything.
        if (isFinal(job.status)) await sendText(stream, text, place);
        if (state !== place.state) {
          place.state = state;
          stream.send('job', job, idOf(place));
        }
        if (isFinal(job.status)) break;
        const endMs = performance.now() + checkEveryMs;
        do {
          await sendText(stream, text, place);
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

/** How far a client has come: the last piece of text, and a mark of the last state of the job. */
interface Place {
  text: string | null;
  state: string;
}

function idOf({ text, state }: Place): string {
  return `${text ?? ''}.${state}`;
}

/** Anything else than an id that we gave out is ignored, as the specification of event streams wants it. */
function readEventId(header: string | undefined): Place {
  const [, text = null, state = ''] = /^(\d{1,15}-\d{1,15})?\.([0-9a-f]{8})$/.exec(header ?? '') ?? [];
  return { text, state };
}

function markOf(job: Job): string {
  return hash('sha1', JSON.stringify([job.status, job.progress, job.attempts, job.queue_position])).slice(0, 8);
}

/** Sends the text that is there by now, no faster than the client takes it. */
async function sendText(stream: EventStream, text: TextFollower | null, place: Place): Promise<void> {
  await stream.drained();
  if (text === null) return;
  try {
    for await (const { id: eventId, ...piece } of text.news()) {
      place.text = eventId;
      stream.send('text', piece, idOf(place));
      await stream.drained();
      if (stream.closed.aborted) return;
    }
  } catch {
    // Without Redis the text comes later, and with the end of the job at the latest.
  }
}
