import OpenAI, { APIError } from 'openai';
import { answered, type Exchange, failed } from '../exchange.ts';

export interface SdkOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for the beginning of an answer. */
  timeoutMs: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
}

export interface CallContext {
  requestId: string;
  signal: AbortSignal;
}

/** The SDK of OpenAI for an API that speaks as OpenAI does: sends each request once. */
export function createSdk({ apiKey, baseUrl, timeoutMs, headers }: SdkOptions): OpenAI {
  return new OpenAI({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    // The SDK would read these from the environment.
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    // A connection of its own for each request: a reset on a reused, stale one would leave a paid outcome unknown.
    defaultHeaders: { Connection: 'close', ...headers },
    // A followed redirect would repeat the paid request, or carry the key elsewhere.
    fetchOptions: { redirect: 'manual' },
  });
}

/** What every request carries besides its body. */
export function requestOptions({ requestId, signal }: CallContext) {
  return { signal, headers: { 'X-Request-Id': requestId } };
}

/** Sends one request for JSON and says what became of it; never throws. */
export async function exchangeJson(
  apiKey: string,
  timeoutMs: number,
  context: CallContext,
  send: (context: CallContext) => PromiseLike<unknown>,
): Promise<Exchange> {
  // The SDK's own time-out ends with the headers; the signal covers the body too.
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const body = await send({ ...context, signal: AbortSignal.any([context.signal, deadline]) });
    return { kind: 'answered', status: 200, body, excerpt: 'an answer of another shape' };
  } catch (error) {
    if (deadline.aborted) return { kind: 'lost', detail: `no whole answer within ${timeoutMs} ms` };
    return readSdkError(error, apiKey);
  }
}

/** What the SDK's error says about the request; the key is taken out. */
export function readSdkError(error: unknown, apiKey: string): Exchange {
  if (!(error instanceof APIError) || error.status === undefined) return failed(error, apiKey);
  const text = JSON.stringify({ error: error.error ?? { message: error.message } });
  const headers: Headers | undefined = error.headers;
  return answered({ status: Number(error.status), text, retryAfter: headers?.get('retry-after') }, apiKey);
}
