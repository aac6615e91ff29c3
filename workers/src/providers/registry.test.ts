import { expect, it } from 'vitest';
import { ProviderUnreachable } from './provider.ts';
import { buildProviders, customHosts, type ProvidersConfig } from './registry.ts';
import { submitRequest } from './submit-request.ts';

const config: ProvidersConfig = {
  PUBLIC_URL: 'https://base.example',
  REPLICATE_BASE_URL: 'https://api.replicate.com/v1',
  OPENAI_API_KEY: '',
  OPENAI_BASE_URL: 'https://api.openai.com/v1',
  FREEPIK_BASE_URL: 'https://api.magnific.com',
  FREEPIK_KEY_HEADER: 'x-magnific-api-key',
  ELEVENLABS_BASE_URL: 'https://api.elevenlabs.io',
  ELEVENLABS_USD_PER_1000_CREDITS: 0.1,
  FAL_BASE_URL: 'https://queue.fal.run',
  FAL_PLATFORM_URL: 'https://api.fal.ai/v1',
  OPENROUTER_BASE_URL: 'https://openrouter.ai/api/v1',
  OPENAI_COMPATIBLE_HOSTS: [],
};
const keys = { REPLICATE_API_TOKEN: 'r8_test', FREEPIK_API_KEY: 'test', FAL_API_KEY: 'test' };
const secrets = { REPLICATE_WEBHOOK_SECRET: 'whsec_dGVzdA==', FREEPIK_WEBHOOK_SECRET: 'test' };
const request = submitRequest('freepik/mystic', { prompt: 'A mill' });
const key = { apiKey: 'own-key', baseUrl: null };

it.each(['replicate', 'openai', 'freepik', 'fal', 'elevenlabs', 'openrouter', 'openai-compatible'])(
  'lists %s without a key and refuses to be paid',
  async (id) => {
    const provider = buildProviders(config).withPlatformKey(id);
    const failure = { code: 'provider_auth', detail: 'no key configured' };
    expect(await provider?.submit(request)).toEqual({ kind: 'rejected', failure });
    expect(await provider?.checkKey(request)).toEqual({ isValid: false, detail: 'no key configured' });
    await expect(provider?.poll('1', request)).rejects.toThrow(ProviderUnreachable);
  },
);

it('knows no provider of another build', () => {
  expect(buildProviders(config).withPlatformKey('acme')).toBeUndefined();
  expect(buildProviders(config).withKey('acme', key)).toBeUndefined();
});

it('asks for callbacks with the platform’s key, where they can come and be checked', () => {
  const callsBack = (config: ProvidersConfig) =>
    ['replicate', 'freepik', 'fal'].map((id) => buildProviders(config).withPlatformKey(id)?.callsBack);
  expect(callsBack({ ...config, ...keys, ...secrets })).toEqual([true, true, true]);
  expect(callsBack({ ...config, ...keys })).toEqual([false, false, true]);
  expect(callsBack({ ...config, ...secrets })).toEqual([false, false, false]);
  expect(callsBack({ ...config, ...keys, ...secrets, PUBLIC_URL: 'http://127.0.0.1:4000' })).toEqual([
    false,
    false,
    false,
  ]);
  const local = { REPLICATE_BASE_URL: 'http://127.0.0.1:4020/replicate/v1', PUBLIC_URL: 'http://127.0.0.1:4000' };
  expect(callsBack({ ...config, ...keys, ...secrets, ...local })).toEqual([true, false, false]);
});

it('asks for no callbacks with an organization’s own key', () => {
  const providers = buildProviders({ ...config, ...keys, ...secrets });
  for (const id of ['replicate', 'freepik', 'fal']) expect(providers.withKey(id, key)?.callsBack).toBe(false);
});

it('reaches an organization’s own address only where the provider has none', () => {
  const elsewhere = { apiKey: 'own-key', baseUrl: 'https://elsewhere.example/v1' };
  const providers = buildProviders(config);
  expect(providers.withKey('openai-compatible', key)).toBeUndefined();
  expect(providers.withKey('openai-compatible', elsewhere)).toBeDefined();
  expect(providers.withKey('replicate', elsewhere)?.isOutputHost('elsewhere.example')).toBe(false);
});

it('trusts no host by the official base URLs, and exactly the host and port of others', () => {
  expect(customHosts(config)).toEqual(new Set());
  const legacy = {
    ...config,
    FREEPIK_BASE_URL: 'https://api.freepik.com',
    OPENAI_BASE_URL: 'http://10.0.0.5:4020/openai/v1',
  };
  expect(customHosts(legacy)).toEqual(new Set(['10.0.0.5:4020']));
});

it('tells delivery hosts from hosts that only look like them', () => {
  const providers = buildProviders(config);
  const replicate = providers.withPlatformKey('replicate');
  for (const host of ['replicate.delivery', 'pbxt.replicate.delivery'])
    expect(replicate?.isOutputHost(host)).toBe(true);
  for (const host of [
    'replicate.delivery.evil.com',
    'evilreplicate.delivery',
    'replicate.delivery:8080',
    'replicate.com',
  ]) {
    expect(replicate?.isOutputHost(host)).toBe(false);
  }
  const fal = providers.withPlatformKey('fal');
  for (const host of ['fal.media', 'v3.fal.media', 'v3b.fal.media']) expect(fal?.isOutputHost(host)).toBe(true);
  for (const host of ['queue.fal.run', 'storage.googleapis.com']) expect(fal?.isOutputHost(host)).toBe(false);
  expect(providers.withPlatformKey('freepik')?.isOutputHost('ai-statics.freepik.com')).toBe(true);
  expect(providers.withPlatformKey('openai')?.isOutputHost('api.openai.com')).toBe(false);
});
