import { eventTypeList } from '@base/shared/contracts/events';
import * as z from 'zod';
import { endpoint, streamed } from '../../http/endpoint.ts';
import { pageSize } from '../../http/event-reader.ts';
import { openEventStream } from '../../http/event-stream.ts';
import { presentEvent } from './present-event.ts';

const lastEventId = z.string().optional().meta({
  description: 'The id of the last event that came: the stream goes on after it, on any node, without gaps or repeats.',
});

export const streamEvents = endpoint({
  method: 'get',
  path: '/events/stream',
  tag: 'events',
  summary: 'Follow what happens as server-sent events',
  description:
    'Each message is named after the event’s type and carries the event as GET /events shows it; its id is the event’s. Without `Last-Event-ID` the ' +
    'stream begins now. Reconnect with the last id to get what was missed, also after days. A comment every 15 seconds keeps the connection open; a message ' +
    '`closing` asks to reconnect, because this node is about to end. A client that takes nothing for half a minute is disconnected. ' +
    'The browser’s `EventSource`, which sends no headers, opens it with the `token` of POST /event-tokens.',
  access: 'events:read',
  eventToken: true,
  query: z.strictObject({ types: eventTypeList.optional() }),
  headers: z.object({ 'last-event-id': lastEventId }),
  responses: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
  async handle({ query, headers, principal, deps, response }): Promise<typeof streamed> {
    const { organizationId } = principal;
    // Listening comes first: an event between reading and listening would come late.
    const listener = deps.eventWatch.listen(organizationId);
    try {
      let after = readEventId(headers['last-event-id']) ?? (await deps.eventReader.findNewest(organizationId));
      const stream = openEventStream(response, { draining: deps.draining });
      while (!stream.closed.aborted) {
        // Ids of an organization grow in the order of commits: they are made while its account is locked.
        const rows = await deps.eventReader.readAfter(organizationId, after);
        for (const row of rows) {
          after = row.id;
          if (query.types !== undefined && !query.types.includes(row.type)) continue;
          stream.send(row.type, presentEvent(row), row.id);
          await stream.drained();
          if (stream.closed.aborted) return streamed;
        }
        if (rows.length < pageSize) await listener.news(stream.closed);
      }
      return streamed;
    } finally {
      listener.stop();
    }
  },
});

/** Anything else than an id of ours is ignored, as the specification of event streams wants it. */
function readEventId(header: string | undefined): string | null {
  return z.uuid().safeParse(header).success && header !== undefined ? header : null;
}
