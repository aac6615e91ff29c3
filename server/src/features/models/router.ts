import type { Endpoint } from '../../http/endpoint.ts';
import { getModel } from './get-model.ts';
import { listModels } from './list-models.ts';

export const models: readonly Endpoint[] = [listModels, getModel];
