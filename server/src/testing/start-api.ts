import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Config, envSchema } from '@base/shared/config/env-schema';
import { createLogger } from '@base/shared/log/logger';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { inject } from 'vitest';
import { buildApp } from '../app.ts';
import { buildDeps } from '../build-deps.ts';
import type { Deps } from '../deps.ts';

export interface CallOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Leaves a stream of events that has opened: most have no end. */
  leavesStream?: boolean;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON. */
  body: Record<string, unknown>;
  text: string;
}

export interface TestApi {
  url: string;
  deps: Deps;
  /** What the node has logged so far. */
  logged(): string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  drain(): void;
  close(): Promise<void>;
}

/** What the stack's session tokens are signed with. */
export function jwtSecret(): string {
  return inject('stack').supabase_jwt_secret ?? '';
}

/** An API node of this process on the stack's real stores, on a free port; `changes` replaces settings. */
export async function startApi(changes: Partial<Config> = {}): Promise<TestApi> {
  const stack = inject('stack');
  const config: Config = {
    ...envSchema.parse({
      NODE_ENV: 'test',
      PUBLIC_URL: 'http://api.test',
      DATABASE_URL: stack.database_url,
      DATABASE_POOL_MAX: 4,
      REDIS_URL: stack.redis_url,
      SUPABASE_URL: stack.supabase_url,
      SUPABASE_PUBLISHABLE_KEY: stack.supabase_publishable_key,
      SUPABASE_SECRET_KEY: stack.supabase_secret_key,
      SUPABASE_JWT_SECRET: jwtSecret(),
      URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
      MASTER_KEYS: testMasterKeys,
      CORS_ORIGINS: 'https://app.test',
      TRUST_PROXY_HOPS: 1,
    }),
    ...changes,
  };
  const lines: string[] = [];
  const log = createLogger({ level: 'info', process: 'api-test' }, { write: (line) => void lines.push(line) });
  const built = await buildDeps(config, log);
  const server = createServer(buildApp(built.deps));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    deps: built.deps,
    logged: () => lines.join(''),
    call: (method, path, options) => callApi(url, method, path, options),
    drain: () => built.drain(),
    async close() {
      built.drain();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await built.close();
    },
  };
}

/** One request; `body` goes out as JSON. Redirects are not followed. */
export async function callApi(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { token, body, headers } = options;
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  if (options.leavesStream === true && /event-stream/.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, text: '', body: {} };
  }
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
}
