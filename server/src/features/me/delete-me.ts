import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import { type MembershipObstacle, refuseMembership } from '../../http/refuse-membership.ts';

export const deleteMe = endpoint({
  method: 'delete',
  path: '/me',
  tag: 'me',
  summary: 'Delete your account',
  description:
    'Your sessions and keys are refused within two seconds; an organization that you are alone in is deleted too. After 30 days your name, address and sign-in are erased. The owner, and the last admin of others, must hand over first.',
  access: 'me:write',
  query: z.strictObject({
    confirm: z.string().max(100).meta({ description: 'Your user id, so that nobody deletes by mistake.' }),
  }),
  responses: { 204: { description: 'The account is deleted.' } },
  errors: ['last_admin', 'conflict'],
  async handle({ query, deps, principal, writer }) {
    if (query.confirm !== principal.userId) {
      throw invalidRequest([{ pointer: '/query/confirm', detail: 'must be your user id' }]);
    }
    const { rows } = await writer.query<{ code: MembershipObstacle | 'deleted' }>(
      'select public.delete_account($1, $2) as code',
      [principal.organizationId, principal.userId],
    );
    const code = rows[0]?.code ?? 'not_found';
    if (code !== 'deleted') throw refuseMembership(code);
    deps.authenticator.forget([
      { kind: 'user', id: principal.userId },
      { kind: 'organization', id: principal.organizationId },
    ]);
    return noContent();
  },
});
