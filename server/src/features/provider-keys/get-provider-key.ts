import { providerKey } from '@base/shared/contracts/provider-keys';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentProviderKey, providerKeyColumns } from './present-provider-key.ts';
import { noKey, providerParams, readProvider } from './read-provider.ts';

export const getProviderKey = endpoint({
  method: 'get',
  path: '/provider-keys/:provider',
  tag: 'provider keys',
  summary: 'The own key for one provider, and what the provider says of it',
  access: 'provider_keys:read',
  params: providerParams,
  responses: { 200: { description: 'The key, without its text.', body: providerKey } },
  async handle({ params, deps, principal }) {
    const provider = readProvider(params);
    const row = await deps.db
      .selectFrom('provider_api_keys')
      .select(providerKeyColumns)
      .where('organization_id', '=', principal.organizationId)
      .where('provider', '=', provider)
      .executeTakeFirst();
    if (row === undefined) throw noKey(provider);
    return ok(presentProviderKey(row));
  },
});
