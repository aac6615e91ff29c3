import { createdInvitation, createInvitationBody } from '@base/shared/contracts/members';
import { invitationLinkContext } from '@base/shared/crypto/invitation-link';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { ApiError } from '@base/shared/errors/api-error';
import { v7 as uuidV7 } from 'uuid';
import { created, endpoint } from '../../http/endpoint.ts';
import { hashRequest } from '../../http/idempotency-key.ts';
import { refuseMembership } from '../../http/refuse-membership.ts';
import { acceptUrl, hashInvitationToken, makeInvitationToken, validSeconds } from './invitation-token.ts';
import { findInvitation } from './present-invitation.ts';

interface Outcome {
  code:
    | 'created'
    | 'replayed'
    | 'idempotency_key_reused'
    | 'forbidden'
    | 'members_may_not_invite'
    | 'already_member'
    | 'open_invitation'
    | 'plan_limit_reached';
  invitation_id: string | null;
  figures: Record<string, unknown> | null;
}

export const createInvitation = endpoint({
  method: 'post',
  path: '/organization/invitations',
  tag: 'invitations',
  summary: 'Invite somebody by e-mail address',
  description:
    'They get the link by e-mail, of which there are at most three a day to an address; the answer holds it too, this once. It can be accepted for 7 days, once, by whoever is signed in with that address. Members and open invitations together fill the plan’s team. What a member invites waits for approval where the organization requires it, and its e-mail with it.',
  access: 'invitations:write',
  body: createInvitationBody,
  idempotent: true,
  responses: {
    201: {
      description: 'The invitation.',
      body: createdInvitation,
      headers: { 'Idempotent-Replayed': '`true` when an earlier request made it.' },
    },
  },
  errors: ['already_member', 'conflict', 'plan_limit_reached', 'idempotency_key_reused'],
  async handle({ body, deps, principal, idempotencyKey, writer }) {
    const token = makeInvitationToken();
    const id = uuidV7();
    const link = acceptUrl(deps, token);
    const { rows } = await writer.query<Outcome>(
      'select * from public.create_invitation($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      [
        principal.organizationId,
        principal.userId,
        id,
        body.email,
        body.role ?? null,
        hashInvitationToken(token),
        validSeconds,
        idempotencyKey,
        hashRequest(body),
        createSecretBox(deps.config.MASTER_KEYS).seal(link, invitationLinkContext(id)),
      ],
    );
    const outcome = rows[0];
    if (outcome === undefined) throw new ApiError('not_found');
    refuse(outcome);
    const isReplay = outcome.code === 'replayed';
    const found = await findInvitation(deps.db, principal, outcome.invitation_id);
    return created({ ...found, accept_url: isReplay ? null : link }, isReplay ? { 'Idempotent-Replayed': 'true' } : {});
  },
});

function refuse({ code, figures }: Outcome): void {
  switch (code) {
    case 'created':
    case 'replayed':
      return;
    case 'members_may_not_invite':
      throw new ApiError('forbidden', { detail: 'In this organization only managers and admins invite.' });
    case 'already_member':
      throw new ApiError('already_member');
    case 'open_invitation':
      throw new ApiError('conflict', { detail: 'There is an open invitation for this address; revoke it first.' });
    case 'idempotency_key_reused':
      throw new ApiError('idempotency_key_reused');
    case 'forbidden':
    case 'plan_limit_reached':
      throw refuseMembership(code, figures);
  }
}
