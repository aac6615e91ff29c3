import { isIP } from 'node:net';
import { isPublicAddress } from './is-public-address.ts';

const innerNames = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

/**
 * Why a URL that somebody gave must not be called, as the end of a sentence; null when it may be tried. Names are not
 * resolved here: what they lead to is checked when the connection is made.
 * @param trustedHosts names or addresses that the operator allows although they are private, by plain HTTP too
 */
export function findUrlProblem(text: string, trustedHosts: readonly string[]): string | null {
  if (!URL.canParse(text)) return 'must be a whole URL';
  // Parsing also turns decimal, octal and hexadecimal addresses into the usual form.
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not have a user or password in it: use headers';
  if (isTrustedHost(url, trustedHosts)) return null;
  if (url.protocol !== 'https:') return 'must begin with https://';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (innerNames.test(host) || (isIP(host) !== 0 && !isPublicAddress(host))) return 'must lead to a public address';
  return null;
}

/** Whether the operator allows this host although it may be private. */
export function isTrustedHost(url: URL, trustedHosts: readonly string[]): boolean {
  return trustedHosts.includes(url.hostname);
}
