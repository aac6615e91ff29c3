const officialHosts = new Set([
  'api.replicate.com',
  'api.openai.com',
  'api.magnific.com',
  'api.freepik.com',
  'api.elevenlabs.io',
  'queue.fal.run',
  'openrouter.ai',
]);

/**
 * The `host:port` of a base URL that the operator set to something other than the provider's own; null otherwise. Such
 * a host, a stand-in or a gateway in the operator's network, is trusted with plain HTTP and private addresses.
 */
export function customHost(baseUrl: string): string | null {
  const { host, protocol } = new URL(baseUrl);
  return protocol === 'https:' && officialHosts.has(host) ? null : host;
}

/** Makes the test for `host` or `host:port` being one of `domains`, a subdomain of one, or the custom base's host. */
export function outputHostTest(domains: readonly string[], baseUrl: string): (host: string) => boolean {
  const custom = customHost(baseUrl);
  return (host) => host === custom || domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}
