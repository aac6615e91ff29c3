import { member } from '@base/shared/contracts/members';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findMember } from './present-member.ts';

export const transferOwnership = endpoint({
  method: 'post',
  path: '/organization/members/:id/transfer-ownership',
  tag: 'members',
  summary: 'Make another member the owner',
  description: 'Only the owner may. The new one becomes an admin; the old one stays one.',
  access: 'organization:transfer',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The new owner.', body: member } },
  errors: ['not_found'],
  async handle({ params, deps, principal, writer }) {
    const { rows } = await writer.query<{ code: 'transferred' | 'forbidden' | 'not_found' }>(
      'select public.transfer_ownership($1, $2, $3) as code',
      [principal.organizationId, principal.userId, params.id],
    );
    const code = rows[0]?.code;
    if (code === 'not_found') throw new ApiError('not_found');
    if (code !== 'transferred') throw new ApiError('forbidden', { detail: 'Only the owner of the organization may.' });
    deps.authenticator.forget([{ kind: 'user', id: params.id }]);
    return ok(await findMember(deps.db, principal, params.id));
  },
});
