import { BlockList, isIPv4, isIPv6 } from 'node:net';
import * as z from 'zod';

export interface IpRange {
  family: 'ipv4' | 'ipv6';
  address: string;
  /** How many leading bits count: all of them for a single address. */
  prefix: number;
}

const ipv4InIpv6 = new BlockList();
ipv4InIpv6.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * Reads an address or a CIDR range (RFC 4632, RFC 4291).
 * @returns the range, or what is wrong with the text
 */
export function parseIpRange(text: string): IpRange | string {
  const [address = '', length, ...more] = text.split('/');
  const family = familyOf(address);
  if (family === null || more.length > 0)
    return 'must be an IPv4 or IPv6 address, or a range such as 203.0.113.0/24 or 2001:db8::/32';
  if (family === 'ipv6' && ipv4InIpv6.check(address, 'ipv6'))
    return 'must be written as the IPv4 address that is in it';
  const bits = family === 'ipv4' ? 32 : 128;
  if (length === undefined) return { family, address, prefix: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)
    return `must have a prefix from 0 to ${bits} after the slash`;
  return { family, address, prefix: Number(length) };
}

/** An entry of a list of addresses and ranges. */
export const ipRange = z.string().superRefine((text, context) => {
  const range = parseIpRange(text);
  if (typeof range === 'string') context.addIssue({ code: 'custom', message: range });
});

function familyOf(address: string): IpRange['family'] | null {
  if (isIPv4(address)) return 'ipv4';
  // A zone (`fe80::1%eth0`) means something on one machine only.
  return isIPv6(address) && !address.includes('%') ? 'ipv6' : null;
}
