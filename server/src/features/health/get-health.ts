import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

/** Liveness: the process answers. It asks nobody else, so that a sick database does not get API nodes restarted. */
export const getHealth = endpoint({
  method: 'get',
  path: '/health',
  tag: 'health',
  summary: 'Whether the process is alive',
  access: 'public',
  addressLimit: 'none',
  responses: { 200: { description: 'It is.', body: z.object({ status: z.literal('ok') }) } },
  handle: () => ok({ status: 'ok' as const }),
});
