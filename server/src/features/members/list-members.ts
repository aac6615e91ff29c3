import { member } from '@base/shared/contracts/members';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { presentMember, selectMembers } from './present-member.ts';

export const listMembers = endpoint({
  method: 'get',
  path: '/organization/members',
  tag: 'members',
  summary: 'List who belongs to the organization',
  description: 'In the order of their ids, which stays the same while people come and go.',
  access: 'members:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of members.', body: page(member) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let members = selectMembers(deps.db, principal);
    if (below !== null) members = members.where('u.id', '<', below);
    return ok(presentPage(await members.orderBy('u.id', 'desc').limit(take).execute(), query.limit, presentMember));
  },
});
