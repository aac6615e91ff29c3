import type * as z from 'zod';

/** An answer that was not what the caller needs; the message holds all that helps to find out why. */
export class ApiCallError extends Error {
  override name = 'ApiCallError';
  readonly status: number;
  readonly code: string | undefined;
  constructor(message: string, status: number, code: string | undefined) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ApiClient {
  get<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>>;
  post<T extends z.ZodType>(path: string, body: unknown, schema: T): Promise<z.infer<T>>;
  /** The events of a server-sent stream, until the server or the caller ends it. */
  events(path: string, signal: AbortSignal): AsyncGenerator<{ event: string; data: string }>;
}

/**
 * A client of the public API, as a customer would write it. `token` is a session token or an API key.
 * Its calls throw ApiCallError when the status is not 2xx, and a ZodError when the body is not what was promised.
 */
export function createApiClient(apiUrl: string, token?: string): ApiClient {
  const send = async (method: string, path: string, accept: string, body?: unknown, signal?: AbortSignal) => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: {
        accept,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw await errorOf(response, `${method} ${path}`);
    return response;
  };
  return {
    get: async (path, schema) => schema.parse(await (await send('GET', path, 'application/json')).json()),
    post: async (path, body, schema) => schema.parse(await (await send('POST', path, 'application/json', body)).json()),
    async *events(path, signal) {
      const response = await send('GET', path, 'text/event-stream', undefined, signal);
      if (response.body !== null) yield* parseEvents(response.body);
    },
  };
}

async function errorOf(response: Response, call: string): Promise<ApiCallError> {
  const text = await response.text();
  const problem = parseProblem(text);
  const detail = [problem.code, problem.detail ?? problem.title, problem.request_id && `request ${problem.request_id}`];
  const said = detail.filter(Boolean).join(', ') || text.slice(0, 300);
  return new ApiCallError(`${call} was answered with ${response.status}: ${said}`, response.status, problem.code);
}

function parseProblem(text: string): { code?: string; title?: string; detail?: string; request_id?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // A proxy's page, or nothing at all.
  }
}

/** Splits a stream into server-sent events; comments and unknown fields are passed over. */
async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; data: string }> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const valuesOf = (field: string) =>
        lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).trimStart());
      const data = valuesOf('data');
      if (data.length > 0) yield { event: valuesOf('event')[0] ?? 'message', data: data.join('\n') };
    }
  }
}
