import { member } from '@base/shared/contracts/members';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findMember } from './present-member.ts';

export const getMember = endpoint({
  method: 'get',
  path: '/organization/members/:id',
  tag: 'members',
  summary: 'Read one member',
  access: 'members:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The member.', body: member } },
  errors: ['not_found'],
  handle: async ({ params, deps, principal }) => ok(await findMember(deps.db, principal, params.id)),
});
