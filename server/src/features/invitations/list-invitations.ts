import { invitation } from '@base/shared/contracts/members';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { presentInvitation, selectInvitations } from './present-invitation.ts';

export const listInvitations = endpoint({
  method: 'get',
  path: '/organization/invitations',
  tag: 'invitations',
  summary: 'List invitations, newest first',
  description: 'Managers and admins see all of them, members those that they sent.',
  access: 'invitations:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of invitations.', body: page(invitation) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let invitations = selectInvitations(deps.db, principal);
    if (below !== null) invitations = invitations.where('id', '<', below);
    const rows = await invitations.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentInvitation));
  },
});
