import { member, updateMemberBody } from '@base/shared/contracts/members';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { type MembershipObstacle, refuseMembership } from '../../http/refuse-membership.ts';
import { findMember } from './present-member.ts';

interface Outcome {
  code: MembershipObstacle | 'changed';
  figures: Record<string, unknown> | null;
}

export const updateMember = endpoint({
  method: 'patch',
  path: '/organization/members/:id',
  tag: 'members',
  summary: 'Give a member another role, switch one off or on again',
  description:
    'Works within two seconds, whatever sessions and keys the member has. Nobody gives a role above their own, or changes somebody whose role is. The owner and the last admin stay active admins.',
  access: 'members:write',
  params: z.strictObject({ id }),
  body: updateMemberBody,
  responses: { 200: { description: 'The member as changed.', body: member } },
  errors: ['not_found', 'last_admin', 'conflict', 'plan_limit_reached'],
  async handle({ params, body, deps, principal, writer }) {
    const { rows } = await writer.query<Outcome>('select * from public.change_member($1, $2, $3, $4, $5)', [
      principal.organizationId,
      principal.userId,
      params.id,
      body.role ?? null,
      body.is_active ?? null,
    ]);
    const { code, figures } = rows[0] ?? { code: 'not_found', figures: null };
    if (code !== 'changed') throw refuseMembership(code, figures);
    deps.authenticator.forget([{ kind: 'user', id: params.id }]);
    return ok(await findMember(deps.db, principal, params.id));
  },
});
