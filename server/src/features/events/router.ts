import type { Endpoint } from '../../http/endpoint.ts';
import { createEventToken } from './create-event-token.ts';
import { listEvents } from './list-events.ts';
import { streamEvents } from './stream-events.ts';

export const events: readonly Endpoint[] = [listEvents, streamEvents, createEventToken];
