import { event, eventTypeList } from '@base/shared/contracts/events';
import { id, page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { eventColumns, presentEvent } from './present-event.ts';

export const listEvents = endpoint({
  method: 'get',
  path: '/events',
  tag: 'events',
  summary: 'What has happened, newest first',
  access: 'events:read',
  query: pageQuery.extend({ types: eventTypeList.optional(), resource_id: id.optional() }),
  responses: { 200: { description: 'A page of events.', body: page(event) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let events = deps.db
      .selectFrom('events')
      .select(eventColumns)
      .where('organization_id', '=', principal.organizationId);
    if (below !== null) events = events.where('id', '<', below);
    if (query.types !== undefined) events = events.where('type', 'in', query.types);
    if (query.resource_id !== undefined) events = events.where('resource_id', '=', query.resource_id);
    const rows = await events.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentEvent));
  },
});
