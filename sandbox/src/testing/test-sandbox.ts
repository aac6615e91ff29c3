import { once } from 'node:events';
import { createServer } from 'node:http';
import { buildSandbox } from '../app.ts';
import type { SandboxOptions } from '../sandbox.ts';

export interface TestSandbox {
  url: string;
  /** Sends JSON; gives the status, headers, and the parsed body. */
  call(path: string, request?: TestRequest): Promise<TestAnswer>;
  close(): Promise<void>;
}

export interface TestRequest {
  method?: string;
  key?: string | null;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Null when the answer is not JSON, though its type cannot say so. */
  json: AnswerFields;
}

/** The fields of all providers' answers that tests look into. Which of them an answer has, its test knows. */
export interface AnswerFields {
  id: string;
  status: string;
  output: string[];
  error: { code: string | null };
  detail: string;
  invalid_fields: unknown[];
  created_at: string;
  completed_at?: string;
  deadline: string;
  shutdown_date: string | null;
  key: string;
  next: string;
  previous: string;
  results: { id: string; input: unknown }[];
  data: { task_id: string; status: string; generated: string[] } & ListItem[];
  meta: { pagination: unknown };
  problem: { invalid_params: unknown[] };
  usage: { input_tokens: number; output_tokens: number; total_tokens: number };
  sandbox_error: string;
}

interface ListItem {
  id: string;
  task_id: string;
  b64_json: string;
  accepted: boolean;
  billed: boolean;
  body: Record<string, unknown>;
}

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

async function send(url: string, request: TestRequest = {}): Promise<TestAnswer> {
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
  return { status: response.status, headers: response.headers, text, json: parse(text) as AnswerFields }; // A wrong shape fails the assertions that look into it.
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Some answers are broken on purpose.
  }
}
