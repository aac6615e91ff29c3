import type { Endpoint } from '../../http/endpoint.ts';
import { createEventToken } from './create-event-token.ts';

export const events: readonly Endpoint[] = [createEventToken];
