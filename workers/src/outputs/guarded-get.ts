import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './is-public-address.ts';
import { OutputError } from './output-error.ts';

/** Resolves a name to all its addresses. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardedGetOptions {
  /** Private addresses are fine: the host was set by the operator. */
  isTrusted: boolean;
  signal: AbortSignal;
  resolveAll?: ResolveAll;
}

/**
 * GETs a URL over a connection of its own, without following redirects, and gives the answer with its body unread.
 * Unless the host is trusted, the connection is made only to public addresses: a name is resolved once, every address
 * is checked, and the connection goes to the checked ones; literals, which are never looked up, are checked before.
 * @throws OutputError `output_invalid` for a refused address, `output_unavailable` (passing) when the network fails.
 */
export function guardedGet(url: URL, options: GuardedGetOptions): Promise<IncomingMessage> {
  const { isTrusted, signal, resolveAll = systemLookup } = options;
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!isTrusted && isIP(literal) !== 0 && !isPublicAddress(literal)) return Promise.reject(refusal(literal));

  return new Promise((resolve, reject) => {
    const requestOptions: RequestOptions = {
      agent: false,
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
      ...(!isTrusted && { lookup: publicLookup(resolveAll) }),
    };
    const request = url.protocol === 'https:' ? httpsRequest(url, requestOptions) : httpRequest(url, requestOptions);
    if (!isTrusted) {
      // The last word belongs to the connection itself, whatever the steps before have believed.
      request.once('socket', (socket) => {
        socket.once('connect', () => {
          const address = socket.remoteAddress ?? '';
          if (!isPublicAddress(address)) request.destroy(refusal(address));
        });
      });
    }
    request.once('response', resolve);
    request.once('error', (error) => reject(error instanceof OutputError ? error : unreachable(error)));
    request.end();
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

function refusal(address: string): OutputError {
  return new OutputError('output_invalid', `${address} is not a public address`);
}

function unreachable(error: Error): OutputError {
  return new OutputError('output_unavailable', error.message, { isPassing: true, cause: error });
}
