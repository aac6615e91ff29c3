import type { Endpoint } from '../../http/endpoint.ts';
import { receiveCallback } from './receive-callback.ts';

export const callbacks: readonly Endpoint[] = [receiveCallback];
