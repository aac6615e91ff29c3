import { makeApiKey } from '@base/shared/crypto/api-key';
import { strangersTokens } from './make-callers.ts';
import type { Random } from './random.ts';
import type { HeaderPair } from './world.ts';

/** Headers that change a request; a name that the request has already is there twice then, or replaced. */
export interface HeaderTrick {
  headers: readonly HeaderPair[];
  /** Instead of those that the request has. */
  isReplacing?: boolean;
  /** What an HTTP client refuses to send. */
  isRaw?: boolean;
}

const text = (random: Random): string =>
  random.pick([
    '',
    ' ',
    'x',
    '"',
    ',',
    ';;',
    '\u00e9',
    "' or 1=1",
    '../..',
    '%00',
    '{}',
    'x'.repeat(300),
    'x'.repeat(7_000),
  ]);

const tricks: readonly ((random: Random) => HeaderTrick)[] = [
  // Credentials
  (random) => ({ headers: [['Authorization', `Bearer ${random.pick(strangersTokens())}`]] }),
  (random) => ({ headers: [['X-API-Key', random.pick([makeApiKey(), '', 'x', 'base_live_', text(random)])]] }),
  (random) => {
    const schemes = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'bearer x',
      'Basic YTpi',
      'Digest x',
      'Bearer\tx',
      'Negotiate',
      'Bearer null',
    ];
    return { headers: [['Authorization', random.pick(schemes)]], isReplacing: true };
  },
  () => ({
    headers: [
      ['X-API-Key', makeApiKey()],
      ['X-API-Key', makeApiKey()],
    ],
  }),
  () => ({
    headers: [
      ['X-User-Id', '1'],
      ['X-Organization-Id', '1'],
      ['X-Role', 'super_admin'],
      ['X-Forwarded-User', 'root'],
    ],
  }),
  () => ({ headers: [['Cookie', `session=admin; ${'a=b; '.repeat(500)}`]] }),
  // Idempotency
  (random) => ({ headers: [['Idempotency-Key', text(random)]] }),
  (random) => ({
    headers: [['Idempotency-Key', random.pick(['"quoted"', 'fuzz-reused', 'x'.repeat(255), 'x'.repeat(256), 'a b'])]],
  }),
  () => ({
    headers: [
      ['Idempotency-Key', 'one'],
      ['Idempotency-Key', 'two'],
    ],
  }),
  // Bodies
  (random) => {
    const types = [
      ...[
        'text/plain',
        'application/xml',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded',
        '',
        'json',
      ],
      ...[
        'application/json; charset=utf-16',
        'application/json;;',
        'application/json; charset=nonsense',
        'application/problem+json',
      ],
      ...[
        'application/vnd.api+json',
        'APPLICATION/JSON',
        'application/json, text/html',
        '*/*',
        'application/json; charset=utf-8',
      ],
    ];
    return { headers: [['Content-Type', random.pick(types)]], isReplacing: true };
  },
  (random) => ({
    headers: [['Content-Encoding', random.pick(['gzip', 'br', 'deflate', 'identity', 'zstd', 'x', 'gzip, gzip'])]],
  }),
  // Preferences and streams
  (random) => {
    const waits = [
      'wait=0',
      'wait=1',
      'wait=61',
      'wait=-1',
      'wait=x',
      'wait=1, wait=1',
      'respond-async',
      'wait',
      'wait=1e1',
      'wait="1"',
    ];
    return { headers: [['Prefer', random.pick([...waits, text(random)])]] };
  },
  (random) => ({
    headers: [['Last-Event-ID', random.pick(['0-0', '-', '$', '*', '1-1', '99999999999999999999-1', text(random)])]],
  }),
  // Ids, negotiation, conditions
  (random) => ({
    headers: [['X-Request-Id', random.pick(['a b', "x'; --", '<b>', text(random), 'ok-1', 'x'.repeat(129)])]],
  }),
  (random) => ({
    headers: [['Accept', random.pick(['application/xml', 'text/event-stream', '', '*/*;q=2', text(random)])]],
  }),
  (random) => ({
    headers: [['Accept-Encoding', random.pick(['gzip', 'br', 'deflate', 'identity;q=0', 'x', '*;q=0'])]],
  }),
  (random) => ({
    headers: [
      ['Range', random.pick(['bytes=0-0', 'bytes=-1', 'bytes=0-,0-,0-', 'x'])],
      ['If-None-Match', '*'],
    ],
  }),
  (random) => ({
    headers: [['Origin', random.pick(['https://evil.test', 'null', 'x', 'https://app.test.evil.test'])]],
  }),
  (random) => ({
    headers: [
      ['Accept-Language', text(random)],
      ['User-Agent', text(random)],
      ['Referer', text(random)],
    ],
  }),
  // Proxies
  (random) => {
    const from = [
      "' or 1=1",
      '::1',
      '999.1.1.1',
      ',,,',
      'unknown',
      '127.0.0.1, 10.0.0.1',
      '::ffff:1.2.3.4',
      text(random),
    ];
    return {
      headers: [
        ['X-Forwarded-For', random.pick(from)],
        ['X-Real-IP', '127.0.0.1'],
      ],
      isReplacing: true,
    };
  },
  () => ({
    headers: [
      ['X-Forwarded-Proto', 'javascript'],
      ['X-Forwarded-Host', 'evil.test'],
      ['Forwarded', 'for=;host='],
    ],
  }),
  () => ({
    headers: [
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-Original-URL', '/admin'],
      ['X-Rewrite-URL', '/admin'],
    ],
  }),
  () => ({
    headers: [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
    ],
    isRaw: true,
  }),
  // What only a socket can say
  () => ({
    headers: [
      ['Authorization', 'Bearer one'],
      ['Authorization', 'Bearer two'],
    ],
    isRaw: true,
  }),
  (random) => ({
    headers: [['X-Request-Id', random.pick(['a\u0001b', 'a\u007fb', 'a\u0000b', 'a\tb', 'a\u00ffb', 'a\rb', 'a\nb'])]],
    isRaw: true,
  }),
  () => ({ headers: [['Authorization', 'Bearer \u0000\u0001']], isRaw: true }),
  () => ({
    headers: Array.from({ length: 60 }, (_, index) => [`X-Big-${index}`, 'x'.repeat(1_000)] as const),
    isRaw: true,
  }),
  () => ({ headers: Array.from({ length: 3_000 }, (_, index) => [`X-${index}`, ''] as const), isRaw: true }),
  () => ({
    headers: [
      ['Bad Name', 'x'],
      ['', 'x'],
      ['X-Ünicode', 'x'],
    ],
    isRaw: true,
  }),
  () => ({
    headers: [
      ['Host', 'evil.test'],
      ['Host', 'other.test'],
    ],
    isRaw: true,
  }),
  () => ({ headers: [['Expect', 'nonsense']], isRaw: true }),
];

/** Something wrong or unusual for the headers of a request. */
export function makeHeaderTrick(random: Random): HeaderTrick {
  return random.pick(tricks)(random);
}

/** Adds the headers, or puts them in the place of those with their names. */
export function applyHeaders(headers: readonly HeaderPair[], trick: HeaderTrick): HeaderPair[] {
  const names = new Set(trick.headers.map(([name]) => name.toLowerCase()));
  const kept = trick.isReplacing === true ? headers.filter(([name]) => !names.has(name.toLowerCase())) : headers;
  return [...kept, ...trick.headers];
}
