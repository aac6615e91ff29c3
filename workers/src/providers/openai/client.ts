import OpenAI, { APIError } from 'openai';
import { answered, type Exchange, failed } from '../exchange.ts';

export interface OpenaiClientOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for the whole answer to one request. */
  timeoutMs: number;
}

export interface GenerateImagesRequest {
  body: Record<string, unknown>;
  requestId: string;
  signal: AbortSignal;
}

export type OpenaiClient = (request: GenerateImagesRequest) => Promise<Exchange>;

/** The SDK with its retries off; sends one POST /images/generations per call and says what became of it. */
export function createOpenaiClient({ apiKey, baseUrl, timeoutMs }: OpenaiClientOptions): OpenaiClient {
  const sdk = new OpenAI({
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
    // A followed redirect would repeat the paid request, or carry the key elsewhere.
    fetchOptions: { redirect: 'manual' },
  });
  return async ({ body, requestId, signal }) => {
    // The SDK's own time-out ends with the headers; the signal covers the body too.
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const answer: unknown = await sdk.images.generate(
        body as unknown as OpenAI.ImageGenerateParamsNonStreaming, // valid by the model's contract
        { signal: AbortSignal.any([signal, deadline]), headers: { 'X-Request-Id': requestId } },
      );
      return { kind: 'answered', status: 200, body: answer, excerpt: 'an answer of another shape' };
    } catch (error) {
      if (deadline.aborted) return { kind: 'lost', detail: `no whole answer within ${timeoutMs} ms` };
      return error instanceof APIError && error.status !== undefined ? refused(error, apiKey) : failed(error, apiKey);
    }
  };
}

function refused(error: APIError, apiKey: string): Exchange {
  const text = JSON.stringify({ error: error.error ?? { message: error.message } });
  const headers: Headers | undefined = error.headers;
  return answered({ status: Number(error.status), text, retryAfter: headers?.get('retry-after') }, apiKey);
}
