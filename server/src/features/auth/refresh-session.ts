import { session } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

export const refreshSession = endpoint({
  method: 'post',
  path: '/auth/refresh',
  tag: 'auth',
  summary: 'Get a new session for a refresh token',
  description: 'A refresh token works once; the answer carries the next one.',
  access: 'public',
  body: z.strictObject({ refresh_token: z.string().min(1).max(4000) }),
  responses: { 200: { description: 'A session.', body: session } },
  errors: ['unauthenticated'],
  handle: async ({ body, deps }) => ok(await deps.authGateway.refresh(body.refresh_token)),
});
