import { apiKey } from '@base/shared/contracts/accounts';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findApiKey } from './find-api-key.ts';
import { presentApiKey } from './present-api-key.ts';

export const getApiKey = endpoint({
  method: 'get',
  path: '/api-keys/:id',
  tag: 'api keys',
  summary: 'One key',
  access: 'api_keys:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The key, without its text.', body: apiKey } },
  handle: async ({ params, deps, principal }) => ok(presentApiKey(await findApiKey(deps.db, principal, params.id))),
});
