import { providerKey } from '@base/shared/contracts/provider-keys';
import { sql } from 'kysely';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { presentProviderKey, providerKeyColumns } from './present-provider-key.ts';
import { noKey, providerParams, readProvider } from './read-provider.ts';

export const validateProviderKey = endpoint({
  method: 'post',
  path: '/provider-keys/:provider/validate',
  tag: 'provider keys',
  summary: 'Ask the provider again whether it accepts the key',
  description: 'Until it has answered, jobs go by the verdict before.',
  access: 'provider_keys:write',
  params: providerParams,
  responses: { 202: { description: 'The key, being checked: read it again to see the state.', body: providerKey } },
  async handle({ params, principal, writer }) {
    const provider = readProvider(params);
    const row = await writer.db
      .updateTable('provider_api_keys')
      .set({ check_at: sql<Date>`clock_timestamp()` })
      .where('organization_id', '=', principal.organizationId)
      .where('provider', '=', provider)
      .returning(providerKeyColumns)
      .executeTakeFirst();
    if (row === undefined) throw noKey(provider);
    return accepted(presentProviderKey(row));
  },
});
