import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { findOwnApiKey } from './find-api-key.ts';

export const revokeApiKey = endpoint({
  method: 'delete',
  path: '/api-keys/:id',
  tag: 'api keys',
  summary: 'Revoke a key',
  description:
    'Every node refuses it within two seconds. It stays listed, with the time; revoking it again changes nothing.',
  access: 'api_keys:write',
  params: z.strictObject({ id }),
  responses: { 204: { description: 'It is revoked.' } },
  async handle({ params, deps, principal, writer }) {
    await findOwnApiKey(deps.db, principal, params.id);
    await writer.db
      .updateTable('api_keys')
      .set({ revoked_at: new Date() })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('revoked_at', 'is', null)
      .execute();
    deps.authenticator.forget([{ kind: 'api_key', id: params.id }]);
    return noContent();
  },
});
