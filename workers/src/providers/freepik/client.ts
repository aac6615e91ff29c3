import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { answered, type Exchange, failed } from '../exchange.ts';

export interface FreepikClientOptions {
  apiKey: string;
  baseUrl: string;
  /** The name of the header that carries the key. */
  keyHeader: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface FreepikRequest {
  method: 'GET' | 'POST';
  path: string;
  data?: Record<string, unknown>;
  requestId: string;
  signal: AbortSignal;
}

export type FreepikClient = (request: FreepikRequest) => Promise<Exchange>;

const answerBytesMax = 5 * 1024 * 1024;

/** A connection of its own for each paid request: a reset on a reused, stale one would leave its outcome unknown. */
const paidAgents = {
  httpAgent: new HttpAgent({ keepAlive: false }),
  httpsAgent: new HttpsAgent({ keepAlive: false }),
};

/** Sends one request per call and says what became of it; never throws. */
export function createFreepikClient(options: FreepikClientOptions): FreepikClient {
  const { apiKey, baseUrl, keyHeader, timeoutMs } = options;
  const http = axios.create({
    baseURL: baseUrl,
    headers: { [keyHeader]: apiKey, Accept: 'application/json' },
    // A followed redirect would repeat the paid request, or carry the key elsewhere.
    maxRedirects: 0,
    proxy: false,
    maxContentLength: answerBytesMax,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
  });
  return async ({ method, path, data, requestId, signal }) => {
    try {
      const response = await http.request<unknown>({
        method,
        url: path,
        headers: { 'X-Request-Id': requestId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
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
