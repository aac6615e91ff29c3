import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosResponse } from 'axios';
import { answered, type Exchange, failed } from '../exchange.ts';
import { isSound, soundBytesMax } from '../is-sound.ts';

export interface ElevenlabsClientOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface ElevenlabsRequest {
  method: 'GET' | 'POST';
  path: string;
  params?: Record<string, string | number>;
  data?: Record<string, unknown>;
  requestId: string;
  signal: AbortSignal;
}

/** A successful answer that is a sound. */
export interface Sound {
  kind: 'sound';
  bytes: Uint8Array;
  /** In credits; null when the provider did not say. */
  characterCost: number | null;
}

export type ElevenlabsClient = (request: ElevenlabsRequest) => Promise<Exchange | Sound>;

/** A connection of its own for each paid request: a reset on a reused, stale one would leave its outcome unknown. */
const paidAgents = {
  httpAgent: new HttpAgent({ keepAlive: false }),
  httpsAgent: new HttpsAgent({ keepAlive: false }),
};

/** Sends one request per call and says what became of it; never throws. */
export function createElevenlabsClient({ apiKey, baseUrl, timeoutMs }: ElevenlabsClientOptions): ElevenlabsClient {
  const http = axios.create({
    baseURL: baseUrl,
    headers: { 'xi-api-key': apiKey, Accept: '*/*' },
    // A followed redirect would repeat the paid request, or carry the key elsewhere.
    maxRedirects: 0,
    proxy: false,
    maxContentLength: soundBytesMax,
    validateStatus: () => true,
    responseType: 'arraybuffer',
  });
  return async ({ method, path, params, data, requestId, signal }) => {
    try {
      const response = await http.request<unknown>({
        method,
        url: path,
        headers: { 'X-Request-Id': requestId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(params && { params }),
        ...(data && { data }),
        ...(method === 'POST' && paidAgents),
      });
      return read(response, apiKey);
    } catch (error) {
      return failed(error, apiKey);
    }
  };
}

function read({ status, data, headers }: AxiosResponse<unknown>, apiKey: string): Exchange | Sound {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
  const header = (name: string) => {
    const value: unknown = headers[name];
    return typeof value === 'string' ? value : null;
  };
  if (status === 200 && isSound(header('content-type'), bytes)) {
    const cost = header('character-cost');
    return { kind: 'sound', bytes, characterCost: cost !== null && /^\d+(\.\d+)?$/.test(cost) ? Number(cost) : null };
  }
  return answered({ status, text: bytes.toString(), retryAfter: header('retry-after') }, apiKey);
}
