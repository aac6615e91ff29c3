import { wasNeverSent } from './was-never-sent.ts';

/** What physically became of one HTTP request. */
export type Exchange = Answered | NotSent | Lost;

export interface Answered {
  kind: 'answered';
  status: number;
  /** The parsed JSON; undefined when the body is not JSON. */
  body: unknown;
  /** The start of the body, for `detail`. */
  excerpt: string;
  retryAfterMs?: number;
}

/** The server certainly got nothing. */
export interface NotSent {
  kind: 'not_sent';
  detail: string;
}

/** The server may have got and done everything. */
export interface Lost {
  kind: 'lost';
  detail: string;
}

const excerptCharactersMax = 500;
const retryAfterMsMax = 3_600_000;
const depthMax = 8;

/** Whether the server answered with a 2xx. */
export function isSuccess(exchange: Exchange): exchange is Answered {
  return exchange.kind === 'answered' && exchange.status >= 200 && exchange.status < 300;
}

/** An answer with its body parsed. The key is taken out first, so that no later step can leak an echo of it. */
export function answered(
  answer: { status: number; text: string; retryAfter: string | null | undefined },
  key: string,
): Answered {
  const text = withoutKey(answer.text, key);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, Date.now());
  return {
    kind: 'answered',
    status: answer.status,
    body: parseJson(text),
    excerpt: text.slice(0, excerptCharactersMax),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** The verdict on a request that ended in `error` instead of an answer. */
export function failed(error: unknown, key: string): NotSent | Lost {
  const detail = withoutKey(describe(error), key).slice(0, excerptCharactersMax);
  return { kind: wasNeverSent(error) ? 'not_sent' : 'lost', detail };
}

/** What went wrong, in one line. */
export function detailOf(exchange: Exchange): string {
  return exchange.kind === 'answered' ? `HTTP ${exchange.status} ${exchange.excerpt}`.trim() : exchange.detail;
}

/** Reads Retry-After, in seconds or as a date, into milliseconds from `nowMs`; an hour at most. */
export function parseRetryAfter(header: string | null | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), retryAfterMsMax);
}

function withoutKey(text: string, key: string): string {
  return key === '' ? text : text.replaceAll(key, '[key]');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller's schema refuses it, with the status at hand.
  }
}

function describe(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < depthMax && current instanceof Error; depth += 1) {
    const code = 'code' in current && typeof current.code === 'string' ? ` (${current.code})` : '';
    parts.push(`${current.message || current.name}${code}`);
    current = current.cause;
  }
  return parts.length > 0 ? parts.join(': ') : String(error);
}
