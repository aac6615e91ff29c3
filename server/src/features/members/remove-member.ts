import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { type MembershipObstacle, refuseMembership } from '../../http/refuse-membership.ts';

export const removeMember = endpoint({
  method: 'delete',
  path: '/organization/members/:id',
  tag: 'members',
  summary: 'Remove a member',
  description:
    'Their sessions and keys stop working within two seconds. What they made stays. An invitation brings them back for 30 days; then their name and address are erased.',
  access: 'members:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'The member is gone.' } },
  errors: ['not_found', 'last_admin', 'conflict'],
  async handle({ params, deps, principal, writer }) {
    const { rows } = await writer.query<{ code: MembershipObstacle | 'removed' | 'self' }>(
      'select public.remove_member($1, $2, $3) as code',
      [principal.organizationId, principal.userId, params.id],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code === 'self') throw new ApiError('conflict', { detail: 'To go yourself, use POST /organization/leave.' });
    if (code !== 'removed') throw refuseMembership(code);
    deps.authenticator.forget([{ kind: 'user', id: params.id }]);
    return noContent();
  },
});
