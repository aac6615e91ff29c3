import type { Config } from '@base/shared/config/env-schema';
import { customHost } from './custom-host.ts';
import { createElevenlabs } from './elevenlabs/adapter.ts';
import { createFal } from './fal/adapter.ts';
import { createFreepik } from './freepik/adapter.ts';
import { createOpenai } from './openai/adapter.ts';
import { createOpenaiCompatible } from './openai-compatible/adapter.ts';
import { createOpenrouter } from './openrouter/adapter.ts';
import { type Provider, ProviderUnreachable } from './provider.ts';
import { createReplicate } from './replicate/adapter.ts';

/** The providers of this build, with the platform's keys or an organization's own. */
export interface Providers {
  /** With the platform's key. Without one configured it refuses to be paid. Undefined: no such provider in this build. */
  withPlatformKey(id: string): Provider | undefined;
  /** With an organization's own key; `baseUrl` only where the provider has no address of its own. */
  withKey(id: string, key: OwnKey): Provider | undefined;
}

export interface OwnKey {
  apiKey: string;
  baseUrl: string | null;
}

interface Entry {
  id: string;
  /** The platform's key. */
  apiKey: string | undefined;
  baseUrl: string | undefined;
  create(options: { apiKey: string; baseUrl: string; callbackUrl?: string }): Provider;
  /** Signed callbacks are asked for only when the API can check them: with the secret of the platform's account. */
  canCheckCallbacks?: boolean;
  /** Organizations bring an address with their key: the platform's is not theirs. */
  hasOwnAddresses?: boolean;
}

export type ProvidersConfig = Pick<
  Config,
  | 'PUBLIC_URL'
  | 'REPLICATE_API_TOKEN'
  | 'REPLICATE_BASE_URL'
  | 'REPLICATE_WEBHOOK_SECRET'
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'FREEPIK_API_KEY'
  | 'FREEPIK_BASE_URL'
  | 'FREEPIK_KEY_HEADER'
  | 'FREEPIK_WEBHOOK_SECRET'
  | 'ELEVENLABS_API_KEY'
  | 'ELEVENLABS_BASE_URL'
  | 'ELEVENLABS_USD_PER_1000_CREDITS'
  | 'FAL_API_KEY'
  | 'FAL_BASE_URL'
  | 'FAL_PLATFORM_URL'
  | 'OPENROUTER_API_KEY'
  | 'OPENROUTER_BASE_URL'
  | 'OPENAI_COMPATIBLE_API_KEY'
  | 'OPENAI_COMPATIBLE_BASE_URL'
  | 'OPENAI_COMPATIBLE_HOSTS'
>;

/** Every provider, one entry each. Adding one is a folder beside this file and an entry here. */
function entriesOf(config: ProvidersConfig): Entry[] {
  return [
    {
      id: 'replicate',
      apiKey: config.REPLICATE_API_TOKEN,
      baseUrl: config.REPLICATE_BASE_URL,
      create: createReplicate,
      canCheckCallbacks: config.REPLICATE_WEBHOOK_SECRET !== undefined,
    },
    { id: 'openai', apiKey: config.OPENAI_API_KEY, baseUrl: config.OPENAI_BASE_URL, create: createOpenai },
    {
      id: 'freepik',
      apiKey: config.FREEPIK_API_KEY,
      baseUrl: config.FREEPIK_BASE_URL,
      create: (options) => createFreepik({ ...options, keyHeader: config.FREEPIK_KEY_HEADER }),
      canCheckCallbacks: config.FREEPIK_WEBHOOK_SECRET !== undefined,
    },
    {
      id: 'fal',
      apiKey: config.FAL_API_KEY,
      baseUrl: config.FAL_BASE_URL,
      create: (options) => createFal({ ...options, platformUrl: config.FAL_PLATFORM_URL }),
      // Signed with fal's own key, which anybody can look up.
      canCheckCallbacks: true,
    },
    {
      id: 'elevenlabs',
      apiKey: config.ELEVENLABS_API_KEY,
      baseUrl: config.ELEVENLABS_BASE_URL,
      create: (options) => createElevenlabs({ ...options, usdPer1000Credits: config.ELEVENLABS_USD_PER_1000_CREDITS }),
    },
    {
      id: 'openrouter',
      apiKey: config.OPENROUTER_API_KEY,
      baseUrl: config.OPENROUTER_BASE_URL,
      create: createOpenrouter,
    },
    {
      id: 'openai-compatible',
      apiKey: config.OPENAI_COMPATIBLE_API_KEY,
      baseUrl: config.OPENAI_COMPATIBLE_BASE_URL,
      create: (options) =>
        createOpenaiCompatible({
          ...options,
          allowedHosts: config.OPENAI_COMPATIBLE_HOSTS,
          ownBaseUrl: config.OPENAI_COMPATIBLE_BASE_URL,
        }),
      hasOwnAddresses: true,
    },
  ];
}

export function buildProviders(config: ProvidersConfig): Providers {
  const entries = new Map(entriesOf(config).map((entry) => [entry.id, entry]));
  const platform = new Map([...entries].map(([id, entry]) => [id, withPlatformKey(entry, config.PUBLIC_URL)]));
  return {
    withPlatformKey: (id) => platform.get(id),
    withKey(id, key) {
      const entry = entries.get(id);
      const baseUrl = entry?.hasOwnAddresses ? key.baseUrl : entry?.baseUrl;
      // No callbacks: they would be signed with the secret of the organization's account, which only it knows.
      return entry && baseUrl ? entry.create({ apiKey: key.apiKey, baseUrl }) : undefined;
    },
  };
}

/** Hosts with port of the base URLs that the operator pointed away from the providers' own. */
export function customHosts(config: ProvidersConfig): ReadonlySet<string> {
  const baseUrls = entriesOf(config).flatMap(({ baseUrl }) => baseUrl ?? []);
  return new Set(baseUrls.map(customHost).filter((host) => host !== null));
}

function withPlatformKey(entry: Entry, publicUrl: string): Provider {
  const { apiKey, baseUrl = 'http://none.invalid' } = entry;
  if (!apiKey) return withoutKey(entry.create({ apiKey: 'none', baseUrl }));
  // Providers call back over https only; a stand-in on this machine takes plain http.
  const isReachable = publicUrl.startsWith('https:') || customHost(baseUrl) !== null;
  const callbackUrl = `${publicUrl}/api/v1/callbacks/${entry.id}`;
  return entry.create({ apiKey, baseUrl, ...(entry.canCheckCallbacks && isReachable && { callbackUrl }) });
}

function withoutKey({ id, isOutputHost }: Provider): Provider {
  return {
    id,
    isOutputHost,
    callsBack: false,
    submit: async () => ({ kind: 'rejected', failure: { code: 'provider_auth', detail: 'no key configured' } }),
    poll: async () => {
      throw new ProviderUnreachable('no key configured');
    },
    checkKey: async () => ({ isValid: false, detail: 'no key configured' }),
  };
}
