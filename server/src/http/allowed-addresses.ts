import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { parseIpRange } from '@base/shared/contracts/ip-range';

export interface AllowedAddresses {
  /** Whether the address is, or is in, one of the entries. */
  includes(address: string): boolean;
}

/**
 * Reads an API key's addresses and ranges.
 * @throws Error for an entry that is none: the API takes no such entry, and one that means nothing must not mean everything
 */
export function createAllowedAddresses(entries: readonly string[]): AllowedAddresses {
  // Two lists, because an IPv6 range such as ::/0 would also take every IPv4 address.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const entry of entries) {
    const range = parseIpRange(entry);
    if (typeof range === 'string') throw new Error(`an entry of allowed_ips ${range}`);
    lists[range.family].addSubnet(range.address, range.prefix, range.family);
  }
  return {
    includes(address) {
      if (isIPv4(address)) return lists.ipv4.check(address, 'ipv4');
      return isIPv6(address) && lists.ipv6.check(address, 'ipv6');
    },
  };
}
