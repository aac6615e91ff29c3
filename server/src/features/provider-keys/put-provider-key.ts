import { isAllowedHost } from '@base/shared/contracts/allowed-hosts';
import {
  type KeyProvider,
  providerKey,
  providerWithOwnAddress,
  putProviderKeyBody,
} from '@base/shared/contracts/provider-keys';
import { createSecretBox, providerKeyContext } from '@base/shared/crypto/secret-box';
import { sql } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import { endpoint, ok } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import { presentProviderKey, providerKeyColumns } from './present-provider-key.ts';
import { providerParams, readProvider } from './read-provider.ts';

export const putProviderKey = endpoint({
  method: 'put',
  path: '/provider-keys/:provider',
  tag: 'provider keys',
  summary: 'Store a key of your own, in place of the one there may be',
  description:
    'It is encrypted, used from the next job on, and checked with the provider within seconds: read it again to see the state.',
  access: 'provider_keys:write',
  params: providerParams,
  body: putProviderKeyBody,
  responses: { 200: { description: 'The key, without its text, being checked.', body: providerKey } },
  async handle({ params, body, deps, principal, writer }) {
    const provider = readProvider(params);
    const baseUrl = readBaseUrl(provider, body.base_url ?? null, deps.config.OPENAI_COMPATIBLE_HOSTS);
    const context = providerKeyContext(principal.organizationId, provider);
    const stored = {
      ciphertext: createSecretBox(deps.config.MASTER_KEYS).seal(body.key, context),
      last4: body.key.slice(-4),
      base_url: baseUrl,
      created_by: principal.userId,
    };
    // Nothing that was said of an earlier key holds for this one.
    const unchecked = { is_valid: null, last_error: null, validated_at: null, check_at: sql<Date>`clock_timestamp()` };
    const row = await writer.db
      .insertInto('provider_api_keys')
      .values({ id: uuidV7(), organization_id: principal.organizationId, provider, ...stored, ...unchecked })
      .onConflict((conflict) =>
        conflict.columns(['organization_id', 'provider']).doUpdateSet({ ...stored, ...unchecked }),
      )
      .returning(providerKeyColumns)
      .executeTakeFirstOrThrow();
    return ok(presentProviderKey(row));
  },
});

function readBaseUrl(provider: KeyProvider, baseUrl: string | null, hosts: readonly string[]): string | null {
  const refuse = (detail: string) => invalidRequest([{ pointer: '/base_url', detail }]);
  if (provider !== providerWithOwnAddress) {
    if (baseUrl !== null) throw refuse(`is only for ${providerWithOwnAddress}; ${provider} has its own address`);
    return null;
  }
  if (baseUrl === null) throw refuse(`is required for ${provider}`);
  if (!isAllowedHost(baseUrl, hosts)) throw refuse(`must be at one of these hosts: ${hosts.join(', ')}`);
  return baseUrl;
}
