import Replicate from 'replicate';
import { type Answered, answered, type Exchange, failed } from '../exchange.ts';
import { retryAfterMsOf } from './translate-error.ts';

export interface ReplicateClientOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface ReplicateRequest {
  method: 'GET' | 'POST';
  route: string;
  headers?: Record<string, string>;
  params?: Record<string, string>;
  data?: object;
  requestId: string;
  signal: AbortSignal;
}

export type ReplicateClient = (request: ReplicateRequest) => Promise<Exchange>;

/**
 * The SDK with its retries made harmless. It repeats a request, paid ones too, up to five times without a pause when its
 * `fetch` throws or answers 429, and has no option against it. So the `fetch` given to it sends once, keeps what
 * happened aside, and always hands back an empty 200, which the SDK passes on.
 */
export function createReplicateClient({ apiKey, baseUrl, timeoutMs }: ReplicateClientOptions): ReplicateClient {
  const exchanges = new WeakMap<Response, Exchange>();
  const sdk = new Replicate({
    auth: apiKey,
    baseUrl,
    useFileOutput: false,
    fetch: async (url: Request | string | URL, init?: RequestInit) => {
      const response = new Response(null, { status: 200 });
      exchanges.set(response, await exchangeOnce(url, init, apiKey));
      return response;
    },
  });
  return async ({ method, route, headers, params, data, requestId, signal }) => {
    const response = await sdk.request(route, {
      method,
      headers: { ...headers, 'X-Request-Id': requestId },
      ...(params && { params }),
      ...(data && { data }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return exchanges.get(response) ?? { kind: 'lost', detail: 'the SDK gave back an answer that is not ours' };
  };
}

async function exchangeOnce(
  url: Request | string | URL,
  init: RequestInit | undefined,
  apiKey: string,
): Promise<Exchange> {
  try {
    // A followed redirect would repeat the request, or carry the key elsewhere.
    const response = await fetch(url, { ...init, redirect: 'manual' });
    const retryAfter = response.headers.get('retry-after');
    return withThrottleWait(answered({ status: response.status, text: await response.text(), retryAfter }, apiKey));
  } catch (error) {
    return failed(error, apiKey);
  }
}

function withThrottleWait(answer: Answered): Answered {
  const retryAfterMs = answer.retryAfterMs ?? retryAfterMsOf(answer);
  return retryAfterMs === undefined ? answer : { ...answer, retryAfterMs };
}
