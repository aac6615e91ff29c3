import type { IncomingMessage } from 'node:http';
import { guardedRequest, RefusedAddressError, type ResolveAll } from '@base/shared/http-client/guarded-request';
import { OutputError } from './output-error.ts';

export interface GuardedGetOptions {
  /** Private addresses are fine: the host was set by the operator. */
  isTrusted: boolean;
  signal: AbortSignal;
  resolveAll?: ResolveAll;
}

/**
 * GETs a URL through the guarded client and gives the answer with its body unread.
 * @throws OutputError `output_invalid` for a refused address, `output_unavailable` (passing) when the network fails.
 */
export async function guardedGet(url: URL, options: GuardedGetOptions): Promise<IncomingMessage> {
  const headers = { accept: '*/*', 'accept-encoding': 'identity' };
  return guardedRequest({ url, method: 'GET', headers, ...options }).catch((error: Error) => {
    if (error instanceof RefusedAddressError) throw new OutputError('output_invalid', error.message);
    throw new OutputError('output_unavailable', error.message, { isPassing: true, cause: error });
  });
}
