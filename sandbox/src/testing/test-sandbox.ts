import { once } from 'node:events';
import { createServer } from 'node:http';
import { buildSandbox } from '../app.ts';
import type { SandboxOptions } from '../sandbox.ts';

export interface TestSandbox {
  url: string;
  /** Sends JSON; gives the status, headers, and the body, which the test says the shape of and then looks into. */
  call<T = Json>(path: string, request?: TestRequest): Promise<TestAnswer<T>>;
  close(): Promise<void>;
}

export interface TestRequest {
  method?: string;
  key?: string | null;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

export interface TestAnswer<T> {
  status: number;
  headers: Headers;
  text: string;
  /** Null when the answer is not JSON, whatever the test expected. */
  json: T;
}

/** A JSON body of which the test has said nothing. */
export type Json = Record<string, unknown>;

/** Starts a sandbox of its own on a free port. */
export async function startTestSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const server = createServer(buildSandbox(options)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    call: (path, request) => send(url + path, request),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Asks again until `isThere` gives a value; the test's own time limit bounds it. */
export async function until<T>(ask: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isThere(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function send<T>(url: string, request: TestRequest = {}): Promise<TestAnswer<T>> {
  const { key = 'key-of-tests', body, signal } = request;
  const method = request.method ?? (body === undefined ? 'GET' : 'POST');
  const response = await fetch(url, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}`, 'x-magnific-api-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) as T }; // A wrong shape fails the assertions that look into it.
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Some answers are broken on purpose.
  }
}
