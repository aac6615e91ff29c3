import { model } from '@base/shared/contracts/models';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentModel } from './present-model.ts';

export const getModel = endpoint({
  method: 'get',
  path: '/models/:provider/:model',
  tag: 'models',
  summary: 'One model',
  access: 'models:read',
  params: z.strictObject({ provider: z.string().max(50), model: z.string().max(150) }),
  responses: { 200: { description: 'The model.', body: model } },
  handle({ params, deps, principal }) {
    const found = deps.catalog.findModel(`${params.provider}/${params.model}`, principal.organizationId);
    if (found === undefined) throw new ApiError('not_found', { detail: 'There is no such model; see GET /models.' });
    return ok(presentModel(found));
  },
});
