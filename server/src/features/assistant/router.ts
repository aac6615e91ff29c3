import type { Endpoint } from '../../http/endpoint.ts';
import { createInsights } from './create-insights.ts';
import { createMessage } from './create-message.ts';
import { getInsights } from './get-insights.ts';

export const assistant: readonly Endpoint[] = [createMessage, createInsights, getInsights];
