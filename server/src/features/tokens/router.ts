import type { Endpoint } from '../../http/endpoint.ts';
import { getTokenUsage } from './get-token-usage.ts';

export const tokens: readonly Endpoint[] = [getTokenUsage];
