import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { answered, type Exchange, failed } from './exchange.ts';

export interface JsonClientOptions {
  /** Is taken out of whatever comes back. */
  apiKey: string;
  baseUrl: string;
  /** Sent with every request; one of them carries the key. */
  headers: Record<string, string>;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface JsonRequest {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  params?: Record<string, string>;
  headers?: Record<string, string>;
  data?: Record<string, unknown>;
  requestId: string;
  signal: AbortSignal;
}

export type JsonClient = (request: JsonRequest) => Promise<Exchange>;

const answerBytesMax = 5 * 1024 * 1024;

/** A connection of its own for each paid request: a reset on a reused, stale one would leave its outcome unknown. */
const paidAgents = {
  httpAgent: new HttpAgent({ keepAlive: false }),
  httpsAgent: new HttpsAgent({ keepAlive: false }),
};

/** For providers without an SDK that sends once: one request per call, and what became of it. Never throws. */
export function createJsonClient({ apiKey, baseUrl, headers, timeoutMs }: JsonClientOptions): JsonClient {
  const http = axios.create({
    baseURL: baseUrl,
    headers: { Accept: 'application/json', ...headers },
    // A followed redirect would repeat the paid request, or carry the key elsewhere.
    maxRedirects: 0,
    proxy: false,
    maxContentLength: answerBytesMax,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
  });
  return async ({ method, path, params, headers: own, data, requestId, signal }) => {
    try {
      const response = await http.request<unknown>({
        method,
        url: path,
        headers: { ...own, 'X-Request-Id': requestId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(params && { params }),
        ...(data && { data }),
        ...(method === 'POST' && paidAgents),
      });
      const retryAfter: unknown = response.headers['retry-after'];
      const text = typeof response.data === 'string' ? response.data : '';
      const answer = { status: response.status, text, retryAfter: typeof retryAfter === 'string' ? retryAfter : null };
      return answered(answer, apiKey);
    } catch (error) {
      return failed(error, apiKey);
    }
  };
}
