import * as z from 'zod';
import { id, timestamp } from './wire.ts';

export const event = z
  .object({
    id,
    object: z.literal('event'),
    type: z.string().meta({ description: 'One of GET /webhook-event-types.' }),
    created_at: timestamp,
    data: z.record(z.string(), z.unknown()).meta({ description: 'With the id of what it is about.' }),
  })
  .meta({ id: 'Event' });

const eventTypeName = /^[a-z_]+\.[a-z_]+$/;

/** Types of events, separated by commas. */
export const eventTypeList = z
  .string()
  .max(1000)
  .transform((text) => text.split(','))
  .pipe(
    z.array(z.string().regex(eventTypeName, 'must be types like job.completed, separated by commas')).min(1).max(50),
  )
  .meta({ description: 'Only these types, separated by commas.', type: 'string' });
