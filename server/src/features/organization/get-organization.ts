import { organization } from '@base/shared/contracts/accounts';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentOrganization } from './present-organization.ts';

export const getOrganization = endpoint({
  method: 'get',
  path: '/organization',
  tag: 'organization',
  summary: 'Your organization, with its plan’s limits and features',
  access: 'organization:read',
  responses: { 200: { description: 'The organization.', body: organization } },
  async handle({ deps, principal }) {
    const row = await deps.db
      .selectFrom('organizations')
      .selectAll()
      .where('id', '=', principal.organizationId)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentOrganization(row, principal));
  },
});
