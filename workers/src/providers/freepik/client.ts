import { createJsonClient, type JsonClient } from '../json-client.ts';

export interface FreepikClientOptions {
  apiKey: string;
  baseUrl: string;
  /** The name of the header that carries the key. */
  keyHeader: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

/** Sends one request per call and says what became of it; never throws. */
export function createFreepikClient({ keyHeader, ...options }: FreepikClientOptions): JsonClient {
  return createJsonClient({ ...options, headers: { [keyHeader]: options.apiKey } });
}
