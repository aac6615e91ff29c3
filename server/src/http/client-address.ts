import { isIPv6 } from 'node:net';
import type { Request } from 'express';

/** The client's address, by Express's `trust proxy` setting, without a zone; IPv4 inside IPv6 is IPv4. */
export function exactAddressOf(request: Request): string {
  const [address = ''] = (request.ip ?? 'unknown').split('%');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** The client's address as limits count it: IPv6 by /64, the least that one customer of a network gets. */
export function addressOf(request: Request): string {
  const address = exactAddressOf(request);
  return isIPv6(address) ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
