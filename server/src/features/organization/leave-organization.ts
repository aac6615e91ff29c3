import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { type MembershipObstacle, refuseMembership } from '../../http/refuse-membership.ts';

export const leaveOrganization = endpoint({
  method: 'post',
  path: '/organization/leave',
  tag: 'organization',
  summary: 'Leave the organization',
  description:
    'You go on in an empty organization of your own. What you made stays, and keys that you made for the organization stop working.',
  access: 'organization:leave',
  body: z.strictObject({}),
  responses: { 204: { description: 'You have left.' } },
  errors: ['last_admin', 'conflict'],
  async handle({ deps, principal, writer }) {
    const { rows } = await writer.query<{ code: MembershipObstacle | 'left' | 'alone' }>(
      'select public.leave_organization($1, $2) as code',
      [principal.organizationId, principal.userId],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code === 'alone') {
      throw new ApiError('conflict', { detail: 'You are alone in it; delete the organization or your account.' });
    }
    if (code !== 'left') throw refuseMembership(code);
    deps.authenticator.forget([{ kind: 'user', id: principal.userId }]);
    return noContent();
  },
});
