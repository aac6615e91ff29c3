import { organization, updateOrganizationBody } from '@base/shared/contracts/accounts';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { violatedConstraint } from '../../http/translate-store-error.ts';
import { presentOrganization } from './present-organization.ts';

export const updateOrganization = endpoint({
  method: 'patch',
  path: '/organization',
  tag: 'organization',
  summary: 'Change name, slug, logo and settings',
  access: 'organization:write',
  body: updateOrganizationBody,
  responses: { 200: { description: 'The organization as changed.', body: organization } },
  errors: ['conflict'],
  async handle({ body, principal, writer }) {
    const { settings, ...fields } = body;
    const row = await writer.db
      .updateTable('organizations')
      // Fields left out are undefined, and undefined is not written.
      .set({ ...fields, ...settings, updated_at: new Date() })
      .where('id', '=', principal.organizationId)
      .returningAll()
      .executeTakeFirst()
      .catch((error: unknown) => {
        if (violatedConstraint(error) !== 'organizations_slug_key') throw error;
        const detail = 'is taken by another organization';
        throw new ApiError('conflict', { detail: `The slug ${detail}.`, errors: [{ pointer: '/slug', detail }] });
      });
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentOrganization(row, principal));
  },
});
