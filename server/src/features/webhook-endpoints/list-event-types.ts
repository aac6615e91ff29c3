import { eventTypeNames, eventTypes, exampleMessage } from '@base/shared/contracts/event-types';
import { eventTypeDescription } from '@base/shared/contracts/webhooks';
import { page } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

const described: z.input<typeof eventTypeDescription>[] = eventTypeNames.map((type) => ({
  object: 'webhook_event_type',
  type,
  description: eventTypes[type].description,
  schema: z.toJSONSchema(eventTypes[type].data),
  example: exampleMessage(type),
}));

export const listEventTypes = endpoint({
  method: 'get',
  path: '/webhook-event-types',
  tag: 'webhooks',
  summary: 'What webhooks are told of: each type with the JSON Schema of its data and an example',
  access: 'webhooks:read',
  responses: { 200: { description: 'All types.', body: page(eventTypeDescription) } },
  handle: () => ok({ data: described, has_more: false, next_cursor: null }),
});
