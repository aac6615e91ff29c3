import { createJsonClient, type JsonClient } from '../json-client.ts';

export interface FalClientOptions {
  apiKey: string;
  /** Of the queue. */
  baseUrl: string;
  /** Of the API about models, prices and keys. */
  platformUrl: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface FalClient {
  queue: JsonClient;
  platform: JsonClient;
}

/**
 * Each sends one request per call and says what became of it; never throws. The provider's own SDK is not used: it
 * repeats paid requests by itself, after 429 and 5xx, and has no option against it.
 */
export function createFalClient({ apiKey, baseUrl, platformUrl, timeoutMs }: FalClientOptions): FalClient {
  const common = { apiKey, headers: { Authorization: `Key ${apiKey}` }, timeoutMs };
  return {
    queue: createJsonClient({ ...common, baseUrl }),
    platform: createJsonClient({ ...common, baseUrl: platformUrl }),
  };
}
