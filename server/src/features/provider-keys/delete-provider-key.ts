import { endpoint, noContent } from '../../http/endpoint.ts';
import { noKey, providerParams, readProvider } from './read-provider.ts';

export const deleteProviderKey = endpoint({
  method: 'delete',
  path: '/provider-keys/:provider',
  tag: 'provider keys',
  summary: 'Remove a key of your own',
  description: 'From the next job on the platform’s key is used again, at the platform’s prices.',
  access: 'provider_keys:write',
  params: providerParams,
  responses: { 204: { description: 'It is gone.' } },
  async handle({ params, principal, writer }) {
    const provider = readProvider(params);
    const { numDeletedRows } = await writer.db
      .deleteFrom('provider_api_keys')
      .where('organization_id', '=', principal.organizationId)
      .where('provider', '=', provider)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw noKey(provider);
    return noContent();
  },
});
