import type { Endpoint } from '../../http/endpoint.ts';
import { receiveClerkEvent } from './receive-clerk-event.ts';
import { receiveUserEvent } from './receive-user-event.ts';

export const userSync: readonly Endpoint[] = [receiveClerkEvent, receiveUserEvent];
