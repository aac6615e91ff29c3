// Loaded before an API node's or a worker's own code (node --import): sends the process a signal at one exact point of
// its work, so that tests can kill or freeze it there. The code under test knows nothing of it.
//
//   CRASH_AT       <moment>:<step>[:<nth>]   e.g. before:open_attempt, sent:submit, after:park_jobs:2
//   CRASH_SIGNAL   SIGKILL when not given
//   CRASH_MARKER   a file that is written at that point; while it exists nothing happens, so it happens once
//
// Steps are the functions of the database, and submit, poll, reconcile, cancel (calls to a provider), output (the
// fetch of a result) and upload (a write to the storage). Moments: `before` it left this process, `after` its answer
// arrived and before anybody has seen it; `sent`, for submit: the provider has it, and its answer is never seen.

import { existsSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const { CRASH_AT = '', CRASH_SIGNAL = 'SIGKILL', CRASH_MARKER = '' } = process.env;
const [moment = '', step = '', nth = '1'] = CRASH_AT.split(':');
const realFetch = globalThis.fetch;
let left = Number(nth);

if (step !== '' && !existsSync(CRASH_MARKER)) {
  watchDatabase();
  watchFetch();
  watchHttp();
}

function reach(reached: string): void {
  if (reached !== moment || left === 0) return;
  left -= 1;
  if (left > 0) return;
  writeFileSync(CRASH_MARKER, CRASH_AT);
  process.kill(process.pid, CRASH_SIGNAL);
  // A stop reaches the threads one after the other: nothing may go on meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
}

type Callback = (error: unknown, ...rest: unknown[]) => void;
type Query = (...args: unknown[]) => unknown;

function watchDatabase(): void {
  const prototype = pg.Client.prototype as unknown as { query: Query }; // its overloads cannot be wrapped one by one
  const { query } = prototype;
  const call = new RegExp(`public\\.${step}\\(`);
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    const callback = args.at(-1);
    // The pool, which every call of the job life cycle goes through, passes a text and a callback.
    if (typeof args[0] !== 'string' || typeof callback !== 'function' || !call.test(args[0])) {
      return query.apply(this, args);
    }
    reach('before');
    const onAnswer: Callback = (error, ...rest) => {
      if (!error) reach('after');
      (callback as Callback)(error, ...rest); // a function in the last place is pg's callback
    };
    return query.apply(this, [...args.slice(0, -1), onAnswer]);
  };
}

function watchFetch(): void {
  globalThis.fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    const method = init?.method ?? request?.method ?? 'GET';
    if (stepOf(method, url) !== step) return realFetch(input, init);
    reach('before');
    const answer = realFetch(input, init);
    if (moment === 'sent') {
      answer.catch(() => {});
      await reachWhenSent(url.origin, new Headers(init?.headers ?? request?.headers).get('x-request-id'));
    }
    const response = await answer;
    reach('after');
    return response;
  };
}

/** What goes through node:http: axios, and the fetch of outputs. */
function watchHttp(): void {
  const { request: realRequest } = http;
  const watched = (...args: unknown[]): http.ClientRequest => {
    const request = Reflect.apply(realRequest, http, args) as http.ClientRequest; // that is what it returns
    const url = new URL(`http://${request.getHeader('host')}${request.path}`);
    if (stepOf(request.method, url) !== step) return request;
    reach('before'); // Made, and nothing of it written yet.
    const { emit } = request;
    request.emit = (name: string | symbol, ...rest: unknown[]): boolean => {
      if (name === 'response' && moment === 'sent') return true;
      if (name === 'response') reach('after');
      return Reflect.apply(emit, request, [name, ...rest]);
    };
    if (moment === 'sent') void reachWhenSent(url.origin, String(request.getHeader('x-request-id')));
    return request;
  };
  Object.assign(http, { request: watched });
  syncBuiltinESMExports();
}

/** The provider's own book says when the request has arrived. */
async function reachWhenSent(origin: string, requestId: string | null): Promise<void> {
  for (;;) {
    const book = await realFetch(`${origin}/_sandbox/calls`);
    if ((await book.text()).includes(`"request_id":${JSON.stringify(requestId)}`)) return reach('sent');
    await pause(5);
  }
}

function stepOf(method: string, { pathname }: URL): string | undefined {
  if (pathname.startsWith('/storage/v1/object/') && method !== 'GET') return 'upload';
  if (/^\/\w+-delivery\//.test(pathname)) return 'output';
  if (!/^\/(replicate|openai|freepik|elevenlabs|fal|openrouter|openai-compatible)\//.test(pathname)) return undefined;
  if (method === 'POST') return pathname.endsWith('/cancel') ? 'cancel' : 'submit';
  if (pathname === '/replicate/v1/predictions') return 'reconcile';
  return 'poll';
}
