import { jobTypes } from '@base/shared/contracts/jobs';
import { model, modelStatus } from '@base/shared/contracts/models';
import { page } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentModel } from './present-model.ts';

export const listModels = endpoint({
  method: 'get',
  path: '/models',
  tag: 'models',
  summary: 'Models with price, status and the JSON Schema of their input',
  description: 'Retired models are listed with the one to use instead.',
  access: 'models:read',
  query: z.strictObject({
    type: z.enum(jobTypes).optional(),
    provider: z.string().max(50).optional(),
    status: modelStatus.optional(),
  }),
  responses: { 200: { description: 'All models that match.', body: page(model) } },
  handle({ query, deps, principal }) {
    const data = deps.catalog
      .models(principal.organizationId)
      .filter((found) => query.type === undefined || found.type === query.type)
      .filter((found) => query.provider === undefined || found.provider === query.provider)
      .filter((found) => query.status === undefined || found.status === query.status)
      .map(presentModel);
    return ok({ data, has_more: false, next_cursor: null });
  },
});
