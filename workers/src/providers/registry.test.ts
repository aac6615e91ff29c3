import { expect, it } from 'vitest';
import { ProviderUnreachable } from './provider.ts';
import { buildProviders, customHosts, type ProvidersConfig } from './registry.ts';

const config: ProvidersConfig = {
  REPLICATE_API_TOKEN: undefined,
  REPLICATE_BASE_URL: 'https://api.replicate.com/v1',
  OPENAI_API_KEY: '',
  OPENAI_BASE_URL: 'https://api.openai.com/v1',
  FREEPIK_API_KEY: undefined,
  FREEPIK_BASE_URL: 'https://api.magnific.com',
  FREEPIK_KEY_HEADER: 'x-magnific-api-key',
};
const request = { model: 'mystic', requestId: 'registry', signal: AbortSignal.timeout(5_000) };

it.each(['replicate', 'openai', 'freepik'])('lists %s without a key and refuses to be paid', async (id) => {
  const provider = buildProviders(config).get(id);
  const failure = { code: 'provider_auth', detail: 'no key configured' };
  expect(await provider?.submit({ ...request, input: {} })).toEqual({ kind: 'rejected', failure });
  await expect(provider?.poll('1', request)).rejects.toThrow(ProviderUnreachable);
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
  const replicate = providers.get('replicate');
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
  expect(providers.get('freepik')?.isOutputHost('ai-statics.freepik.com')).toBe(true);
  expect(providers.get('openai')?.isOutputHost('api.openai.com')).toBe(false);
});
