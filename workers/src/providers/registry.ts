import type { Config } from '@base/shared/config/env-schema';
import { customHost } from './custom-host.ts';
import { createFreepik } from './freepik/adapter.ts';
import { createOpenai } from './openai/adapter.ts';
import { type Provider, ProviderUnreachable } from './provider.ts';
import { createReplicate } from './replicate/adapter.ts';

export type ProvidersConfig = Pick<
  Config,
  | 'REPLICATE_API_TOKEN'
  | 'REPLICATE_BASE_URL'
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'FREEPIK_API_KEY'
  | 'FREEPIK_BASE_URL'
  | 'FREEPIK_KEY_HEADER'
>;

/** Every provider, by id, with the platform's keys. One without a key is listed too, and refuses to be paid. */
export function buildProviders(config: ProvidersConfig): Map<string, Provider> {
  const providers = [
    withKey(config.REPLICATE_API_TOKEN, (apiKey) => createReplicate({ apiKey, baseUrl: config.REPLICATE_BASE_URL })),
    withKey(config.OPENAI_API_KEY, (apiKey) => createOpenai({ apiKey, baseUrl: config.OPENAI_BASE_URL })),
    withKey(config.FREEPIK_API_KEY, (apiKey) =>
      createFreepik({ apiKey, baseUrl: config.FREEPIK_BASE_URL, keyHeader: config.FREEPIK_KEY_HEADER }),
    ),
  ];
  return new Map(providers.map((provider) => [provider.id, provider]));
}

/** Hosts with port of the base URLs that the operator pointed away from the providers' own. */
export function customHosts(config: ProvidersConfig): ReadonlySet<string> {
  const baseUrls = [config.REPLICATE_BASE_URL, config.OPENAI_BASE_URL, config.FREEPIK_BASE_URL];
  return new Set(baseUrls.map(customHost).filter((host) => host !== null));
}

function withKey(apiKey: string | undefined, create: (apiKey: string) => Provider): Provider {
  if (apiKey) return create(apiKey);
  const { id, isOutputHost } = create('none');
  return {
    id,
    isOutputHost,
    submit: async () => ({ kind: 'rejected', failure: { code: 'provider_auth', detail: 'no key configured' } }),
    poll: async () => {
      throw new ProviderUnreachable('no key configured');
    },
  };
}
