import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { findUrlProblem, isTrustedHost } from '@base/shared/http-client/check-public-url';
import { guardedRequest, RefusedAddressError, type ResolveAll } from '@base/shared/http-client/guarded-request';
import { readRetryAfter } from './retry-ladder.ts';

export interface Message {
  url: string;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

export interface SendOptions {
  trustedHosts: readonly string[];
  timeoutMs: number;
  resolveAll?: ResolveAll;
}

export interface Answer {
  /** Null when nothing answered. */
  code: number | null;
  durationMs: number;
  head: string | null;
  error: string | null;
  retryAfterSeconds: number | null;
}

const sentences: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the host does not resolve',
  EAI_AGAIN: 'the name of the host does not resolve',
  ECONNREFUSED: 'the host refuses connections',
  ECONNRESET: 'the connection broke before an answer came',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the host cannot be reached',
  EPROTO: 'the host does not speak TLS',
};
const headBytes = 1_024;
/** The status decides; for the text nobody waits long. */
const headTimeoutMs = 1_000;

/** Sends a message once, to a public address only, and follows no redirect. Never throws: what goes wrong is the answer. */
export async function sendMessage(message: Message, options: SendOptions): Promise<Answer> {
  const startedAt = performance.now();
  const durationMs = () => Math.round(performance.now() - startedAt);
  const problem = findUrlProblem(message.url, options.trustedHosts);
  if (problem !== null) return failure(`the URL ${problem}`, durationMs());
  const url = new URL(message.url);
  const deadline = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await guardedRequest({
      url,
      method: 'POST',
      headers: message.headers,
      body: message.body,
      isTrusted: isTrustedHost(url, options.trustedHosts),
      signal: deadline,
      ...(options.resolveAll && { resolveAll: options.resolveAll }),
    });
    const answeredMs = durationMs();
    const code = response.statusCode ?? 0;
    const isSuccess = code >= 200 && code < 300;
    return {
      code,
      durationMs: answeredMs,
      head: await readHead(response),
      error: isSuccess ? null : explainStatus(code),
      retryAfterSeconds: readRetryAfter(response.headers['retry-after'], Date.now()),
    };
  } catch (error) {
    if (deadline.aborted) return failure(`no answer within ${options.timeoutMs / 1_000} s`, durationMs());
    return failure(explainError(error), durationMs());
  }
}

function failure(error: string, durationMs: number): Answer {
  return { code: null, durationMs, head: null, error, retryAfterSeconds: null };
}

function explainStatus(code: number): string {
  return code >= 300 && code < 400 ? `HTTP ${code}: redirects are not followed` : `HTTP ${code}`;
}

/** What names inside the platform's network lead to is nobody's business. */
function explainError(error: unknown): string {
  if (error instanceof RefusedAddressError) return 'the host does not lead to a public address';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY/.test(code)) return 'the certificate of the host is not valid';
  return sentences[code] ?? 'the connection failed';
}

async function readHead(response: IncomingMessage): Promise<string | null> {
  const timer = setTimeout(() => response.destroy(), headTimeoutMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= headBytes) break;
    }
  } catch {
    // Cut off or too slow: what has come is what there is.
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  if (bytes === 0) return null;
  // Postgres takes every character but this one.
  return Buffer.concat(chunks).subarray(0, headBytes).toString('utf8').replaceAll('\0', '');
}
