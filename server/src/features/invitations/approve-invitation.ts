import { invitation } from '@base/shared/contracts/members';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { refuseMembership } from '../../http/refuse-membership.ts';
import { validSeconds } from './invitation-token.ts';
import { findInvitation } from './present-invitation.ts';

export const approveInvitation = endpoint({
  method: 'post',
  path: '/organization/invitations/:id/approve',
  tag: 'invitations',
  summary: 'Approve an invitation that a member sent',
  description: 'Where the organization requires approval. The link works from now on, for 7 days.',
  access: 'invitations:approve',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The invitation, which can be accepted now.', body: invitation } },
  errors: ['not_found', 'conflict'],
  async handle({ params, deps, principal, writer }) {
    const { rows } = await writer.query<{ code: 'approved' | 'not_found' | 'forbidden' | 'conflict' }>(
      'select public.approve_invitation($1, $2, $3, $4) as code',
      [principal.organizationId, principal.userId, params.id, validSeconds],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code === 'conflict')
      throw new ApiError('conflict', { detail: 'It does not wait for approval, or not any more.' });
    if (code !== 'approved') throw refuseMembership(code);
    return ok(await findInvitation(deps.db, principal, params.id));
  },
});
