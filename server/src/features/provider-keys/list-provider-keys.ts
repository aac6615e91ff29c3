import { providerKey } from '@base/shared/contracts/provider-keys';
import { page } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentProviderKey, providerKeyColumns } from './present-provider-key.ts';

export const listProviderKeys = endpoint({
  method: 'get',
  path: '/provider-keys',
  tag: 'provider keys',
  summary: 'The organization’s own keys, at most one per provider',
  description: 'Jobs at a provider with an own key run on that key. It is never shown again.',
  access: 'provider_keys:read',
  responses: { 200: { description: 'All of them, by provider.', body: page(providerKey) } },
  async handle({ deps, principal }) {
    const rows = await deps.db
      .selectFrom('provider_api_keys')
      .select(providerKeyColumns)
      .where('organization_id', '=', principal.organizationId)
      .orderBy('provider')
      .execute();
    return ok({ data: rows.map(presentProviderKey), has_more: false, next_cursor: null });
  },
});
