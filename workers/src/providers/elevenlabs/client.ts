import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import { answered, type Exchange, failed } from '../exchange.ts';
import { isSound, readBody } from '../read-sound.ts';

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
    validateStatus: () => true,
    responseType: 'stream',
  });
  return async ({ method, path, params, data, requestId, signal }) => {
    try {
      const response = await http.request<Readable>({
        method,
        url: path,
        headers: { 'X-Request-Id': requestId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(params && { params }),
        ...(data && { data }),
        ...(method === 'POST' && paidAgents),
      });
      return await read(response, apiKey);
    } catch (error) {
      return failed(error, apiKey);
    }
  };
}

async function read({ status, data, headers }: AxiosResponse<Readable>, apiKey: string): Promise<Exchange | Sound> {
  const header = (name: string) => {
    const value: unknown = headers[name];
    return typeof value === 'string' ? value : null;
  };
  const bytes = await readBody(data, header('content-length'));
  if (status === 200 && isSound(header('content-type'), bytes)) {
    const cost = header('character-cost');
    return { kind: 'sound', bytes, characterCost: cost !== null && /^\d+(\.\d+)?$/.test(cost) ? Number(cost) : null };
  }
  return answered({ status, text: Buffer.from(bytes).toString(), retryAfter: header('retry-after') }, apiKey);
}
