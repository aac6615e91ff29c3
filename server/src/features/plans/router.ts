import type { Endpoint } from '../../http/endpoint.ts';
import { listPlans } from './list-plans.ts';

export const plans: readonly Endpoint[] = [listPlans];
