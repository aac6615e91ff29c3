import { setTimeout as pause } from 'node:timers/promises';
import { findLeak, type Secrecy } from './find-leak.ts';
import type { Violations } from './rules.ts';

export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  /** Below /api/v1. */
  path: string;
  token: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  /** The problem's code, or ''. */
  code: string;
  retryAfterMs: number;
}

/** Calls the API as customers do, counts the answers, and looks through each for what it should not tell. */
export class CustomerClient {
  /** Answers by status; `none` where none came. */
  readonly answers = new Map<string, number>();
  readonly #apiUrl: string;
  readonly #secrecy: Secrecy;
  readonly #violations: Violations;
  #calmSince = Number.POSITIVE_INFINITY;

  constructor(options: { apiUrl: string; secrecy: Secrecy; violations: Violations }) {
    this.#apiUrl = options.apiUrl;
    this.#secrecy = options.secrecy;
    this.#violations = options.violations;
  }

  /** From here on nothing is broken any more, so that 503 is no excuse once things have settled. */
  expectCalm(afterMs: number): void {
    this.#calmSince = performance.now() + afterMs;
  }

  /** One call. Null when no whole answer came. */
  async call(call: Call): Promise<Answer | null> {
    const { method, path, token, body, headers = {}, timeoutMs = 12_000 } = call;
    try {
      const response = await fetch(`${this.#apiUrl}/api/v1${path}`, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      this.count(String(response.status));
      this.inspect(`${method} ${path}`, response.status, text);
      const isLater = response.status === 429 || response.status === 503;
      if (isLater && !(Number(response.headers.get('retry-after')) > 0)) {
        this.#violations.add(
          'answers',
          `${method} ${path}: ${response.status} without Retry-After: ${text.slice(0, 400)}`,
        );
      }
      const parsed: Record<string, unknown> = JSON.parse(text);
      return {
        status: response.status,
        body: parsed,
        code: response.status >= 400 ? String(parsed.code) : '',
        retryAfterMs: 1000 * Number(response.headers.get('retry-after') ?? 0),
      };
    } catch (error) {
      if (error instanceof SyntaxError) this.#violations.add('answers', `${method} ${path}: no JSON: ${error.message}`);
      this.count('none');
      return null;
    }
  }

  /**
   * The same call until the answer is definite: neither silence, nor 5xx, nor a rate limit. That is how a careful client
   * behaves, and with an idempotency key it may.
   * @throws the signal's reason when it is aborted before
   */
  async callUntilDefinite(call: Call, signal: AbortSignal): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      signal.throwIfAborted();
      const answer = await this.call(call);
      if (answer !== null && answer.status < 500 && answer.code !== 'rate_limited') return answer;
      const ownMs = Math.min(2_000, 100 * 2 ** tries);
      await pause(Math.max(ownMs, Math.min(answer?.retryAfterMs ?? 0, 10_000)), undefined, { signal });
    }
  }

  /** Looks at something that came from the API. */
  inspect(what: string, status: number, text: string): void {
    const isOutage = status === 503 && performance.now() < this.#calmSince;
    if (status >= 500 && !isOutage) this.#violations.add('answers', `${what}: ${status} ${text.slice(0, 400)}`);
    const leak = findLeak(text, this.#secrecy);
    if (leak !== null) this.#violations.add('silence', `${what}: ${status} tells ${leak}: ${text.slice(0, 600)}`);
  }

  count(status: string): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
  }
}
