import { autoTopup } from '@base/shared/contracts/auto-topup';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findAutoTopup } from './present-auto-topup.ts';

export const getAutoTopup = endpoint({
  method: 'get',
  path: '/billing/auto-topup',
  tag: 'billing',
  summary: 'The automatic top-up, and what became of its last purchase',
  access: 'billing:read',
  responses: { 200: { description: 'The setting.', body: autoTopup } },
  errors: ['not_found'],
  handle: async ({ deps, principal }) => ok(await findAutoTopup(deps.pool, principal.organizationId)),
});
