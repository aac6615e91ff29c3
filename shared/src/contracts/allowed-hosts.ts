/**
 * Whether requests with a key may go to this base URL: over https, to a host that the operator allows.
 * @param url without credentials, query or fragment
 * @param patterns `name`, `name:port` or `*.suffix`; the latter takes every name below the suffix, not the suffix itself
 * @param ownBaseUrl the operator's own address: what begins like it (scheme, host and port) is allowed, plain http too
 */
export function isAllowedHost(url: string, patterns: readonly string[], ownBaseUrl?: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, origin, host, username, password, search, hash } = new URL(url);
  if ([username, password, search, hash].some((part) => part !== '')) return false;
  if (ownBaseUrl !== undefined && origin !== 'null' && origin === new URL(ownBaseUrl).origin) return true;
  return protocol === 'https:' && patterns.some((pattern) => matches(host, pattern.toLowerCase()));
}

function matches(host: string, pattern: string): boolean {
  if (!pattern.startsWith('*.')) return host === pattern;
  const suffix = pattern.slice(1);
  return suffix.length > 1 && host.length > suffix.length && host.endsWith(suffix);
}
