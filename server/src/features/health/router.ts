import type { Endpoint } from '../../http/endpoint.ts';
import { checkReadiness } from './check-readiness.ts';
import { getHealth } from './get-health.ts';

export const health: readonly Endpoint[] = [getHealth, checkReadiness];
