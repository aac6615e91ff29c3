import type { Endpoint } from '../../http/endpoint.ts';
import { showUnsubscribe } from './show-unsubscribe.ts';
import { unsubscribe } from './unsubscribe.ts';

export const email: readonly Endpoint[] = [showUnsubscribe, unsubscribe];
