import { acceptInvitationBody, membership } from '@base/shared/contracts/members';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { refuseMembership } from '../../http/refuse-membership.ts';
import { hashInvitationToken } from './invitation-token.ts';

interface Outcome {
  code:
    | 'accepted'
    | 'invitation_invalid'
    | 'awaiting_approval'
    | 'already_member'
    | 'has_organization'
    | 'plan_limit_reached';
  organization_id: string | null;
  old_organization_id: string | null;
  figures: Record<string, unknown> | null;
}

export const acceptInvitation = endpoint({
  method: 'post',
  path: '/invitations/accept',
  tag: 'invitations',
  summary: 'Accept an invitation',
  description:
    'For whoever is signed in with the address that was invited. Moves you from your own empty organization, which is deleted, into the one that invites. If yours is not empty, nothing happens and the answer says what holds you there.',
  access: 'invitations:accept',
  body: acceptInvitationBody,
  responses: { 200: { description: 'Where you belong now, and as what.', body: membership } },
  errors: ['invitation_invalid', 'already_member', 'has_organization', 'conflict', 'plan_limit_reached'],
  async handle({ body, deps, principal, writer }) {
    const { rows } = await writer.query<Outcome>('select * from public.accept_invitation($1, $2)', [
      principal.userId,
      hashInvitationToken(body.token),
    ]);
    const outcome = rows[0];
    if (outcome === undefined) throw new ApiError('invitation_invalid');
    refuse(outcome);
    deps.authenticator.forget([
      { kind: 'user', id: principal.userId },
      { kind: 'organization', id: outcome.old_organization_id },
    ]);
    const row = await deps.db
      .selectFrom('users as u')
      .innerJoin('organizations as o', 'o.id', 'u.organization_id')
      .where('u.id', '=', principal.userId)
      .select(['o.id', 'o.name', 'o.slug', 'u.role'])
      .executeTakeFirstOrThrow();
    const { role, ...organization } = row;
    return ok({ object: 'membership' as const, organization, role });
  },
});

function refuse({ code, figures }: Outcome): void {
  switch (code) {
    case 'accepted':
      return;
    case 'invitation_invalid':
    case 'already_member':
      throw new ApiError(code);
    case 'awaiting_approval':
      throw new ApiError('conflict', { detail: 'The invitation still waits for approval by the organization.' });
    case 'has_organization':
      throw new ApiError('has_organization', {
        detail: 'Accepting would delete the organization you are in, and it is not empty; `holds` says why.',
        figures: figures ?? {},
      });
    case 'plan_limit_reached':
      throw refuseMembership(code, figures);
  }
}
