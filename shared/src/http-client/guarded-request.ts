import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './is-public-address.ts';

/** Resolves a name to all its addresses. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Where the request would go is no public address; nothing was sent. */
export class RefusedAddressError extends Error {
  override name = 'RefusedAddressError';
}

export interface GuardedRequest {
  url: URL;
  method: 'GET' | 'POST';
  headers: OutgoingHttpHeaders;
  body?: Buffer;
  /** Private addresses are fine: the host was set by the operator. */
  isTrusted: boolean;
  signal: AbortSignal;
  resolveAll?: ResolveAll;
}

/**
 * Sends a request over a connection of its own, without following redirects, and gives the answer with its body unread.
 * Unless the host is trusted, the connection is made only to public addresses: a name is resolved once, every address
 * is checked, and the connection goes to the checked ones; literals, which are never looked up, are checked before.
 * @throws RefusedAddressError for an address that is not public; whatever the network says otherwise
 */
export function guardedRequest(request: GuardedRequest): Promise<IncomingMessage> {
  const { url, method, headers, body, isTrusted, signal, resolveAll = systemLookup } = request;
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!isTrusted && isIP(literal) !== 0 && !isPublicAddress(literal)) return Promise.reject(refusal(literal));

  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      agent: false,
      method,
      signal,
      headers,
      ...(!isTrusted && { lookup: publicLookup(resolveAll) }),
    };
    const sent = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    if (!isTrusted) {
      // The last word belongs to the connection itself, whatever the steps before have believed.
      sent.once('socket', (socket) => {
        socket.once('connect', () => {
          const address = socket.remoteAddress ?? '';
          if (!isPublicAddress(address)) sent.destroy(refusal(address));
        });
      });
    }
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}

function publicLookup(resolveAll: ResolveAll): LookupFunction {
  return (hostname, options, callback) => {
    resolveAll(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      const inner = error ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      if (error) callback(error, '', 0);
      else if (inner) callback(refusal(`${hostname} → ${inner.address}`), '', 0);
      else if (!first) callback(new Error(`${hostname} has no address`), '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(address: string): RefusedAddressError {
  return new RefusedAddressError(`${address} is not a public address`);
}
