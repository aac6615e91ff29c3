import type { Endpoint } from '../../http/endpoint.ts';
import { listNotifications } from './list-notifications.ts';
import { readNotifications } from './read-notifications.ts';

export const notifications: readonly Endpoint[] = [listNotifications, readNotifications];
