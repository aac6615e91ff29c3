import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';

export const deleteOrganization = endpoint({
  method: 'delete',
  path: '/organization',
  tag: 'organization',
  summary: 'Delete the organization',
  description:
    'Only the owner may. All members and keys are refused within two seconds; jobs under way still end. After 30 days names, addresses, prompts and files are erased; the ledger stays, without names.',
  access: 'organization:delete',
  query: z.strictObject({
    confirm: z.string().max(100).meta({ description: 'The organization’s slug, so that nobody deletes by mistake.' }),
  }),
  responses: { 204: { description: 'The organization is deleted.' } },
  async handle({ query, deps, principal, writer }) {
    const { slug } = await deps.db
      .selectFrom('organizations')
      .select('slug')
      .where('id', '=', principal.organizationId)
      .executeTakeFirstOrThrow();
    if (query.confirm !== slug) {
      throw invalidRequest([{ pointer: '/query/confirm', detail: 'must be the organization’s slug' }]);
    }
    const { rows } = await writer.query<{ code: 'deleted' | 'forbidden' }>(
      'select public.delete_organization($1, $2) as code',
      [principal.organizationId, principal.userId],
    );
    if (rows[0]?.code !== 'deleted') {
      throw new ApiError('forbidden', { detail: 'Only the owner of the organization may.' });
    }
    deps.authenticator.forget([{ kind: 'organization', id: principal.organizationId }]);
    return noContent();
  },
});
