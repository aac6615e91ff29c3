import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { refuseMembership } from '../../http/refuse-membership.ts';

export const revokeInvitation = endpoint({
  method: 'delete',
  path: '/organization/invitations/:id',
  tag: 'invitations',
  summary: 'Take an invitation back',
  description: 'Its link stops working at once. Members may take back what they sent.',
  access: 'invitations:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'It cannot be accepted any more.' } },
  errors: ['not_found', 'conflict'],
  async handle({ params, principal, writer }) {
    const { rows } = await writer.query<{ code: 'revoked' | 'not_found' | 'forbidden' | 'conflict' }>(
      'select public.revoke_invitation($1, $2, $3) as code',
      [principal.organizationId, principal.userId, params.id],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code === 'conflict') throw new ApiError('conflict', { detail: 'It has been accepted; remove the member.' });
    if (code !== 'revoked') throw refuseMembership(code);
    return noContent();
  },
});
