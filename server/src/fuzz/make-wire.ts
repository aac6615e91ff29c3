import type { Random } from './random.ts';
import type { WireRequest } from './request.ts';
import type { HeaderPair } from './world.ts';

export interface WireParts {
  method: string;
  target: string;
  host: string;
  headers: readonly HeaderPair[];
  body: Buffer | null;
}

/** Long enough for a server to have begun with what has come. */
const abortAfterMs = 150;

/** A request as it stands, for headers that no HTTP client would send. */
export function makeWire(parts: WireParts): WireRequest {
  const { body } = parts;
  const length: HeaderPair[] = body === null ? [] : [['Content-Length', String(body.length)]];
  return { bytes: write(parts, length, body ?? Buffer.alloc(0)), abortAfterMs: null };
}

type Trick = (parts: WireParts, body: Buffer, random: Random) => WireRequest;

const complete = (bytes: Buffer): WireRequest => ({ bytes, abortAfterMs: null });
const unfinished = (bytes: Buffer): WireRequest => ({ bytes, abortAfterMs });
const chunked: HeaderPair = ['Transfer-Encoding', 'chunked'];

const tricks: readonly Trick[] = [
  // Lengths that lie
  (parts, body) => unfinished(write(parts, [['Content-Length', String(body.length + 100)]], body)),
  (parts, body) => complete(write(parts, [['Content-Length', String(Math.max(0, body.length - 1))]], body)),
  (parts, body) =>
    complete(
      write(
        parts,
        [
          ['Content-Length', '0'],
          ['Content-Length', String(body.length)],
        ],
        body,
      ),
    ),
  (parts, body, random) =>
    complete(
      write(
        parts,
        [['Content-Length', random.pick(['-1', 'x', '1e3', '0x10', '99999999999999999999', '+5', ''])]],
        body,
      ),
    ),
  (parts, body) => complete(write(parts, [['Content-Length', String(body.length)], chunked], body)),
  // Chunks
  (parts, body) => complete(write(parts, [chunked], inChunks(body, '0\r\n\r\n'))),
  (parts, body) => unfinished(write(parts, [chunked], inChunks(body, ''))),
  (parts, body) => complete(write(parts, [chunked], inChunks(body, 'zz\r\nnonsense\r\n'))),
  (parts, body) => complete(write(parts, [chunked], inChunks(body, '0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n'))),
  (parts, body) => complete(write(parts, [['Transfer-Encoding', 'chunked, gzip']], inChunks(body, '0\r\n\r\n'))),
  (parts, body) => complete(write(parts, [['Transfer-Encoding', '\u000bchunked']], inChunks(body, '0\r\n\r\n'))),
  // Request lines
  (parts, body) => complete(write({ ...parts, target: `http://evil.test${parts.target}` }, lengthOf(body), body)),
  (parts, body) => complete(write({ ...parts, target: `${parts.target} x` }, lengthOf(body), body)),
  (parts, body) => complete(write({ ...parts, target: '*' }, lengthOf(body), body)),
  (parts, body) => complete(write({ ...parts, target: `${parts.target}\u00e9\u0001` }, lengthOf(body), body)),
  (parts, body) => complete(write({ ...parts, target: `${parts.target}?${'x'.repeat(20_000)}` }, lengthOf(body), body)),
  (parts, body, random) =>
    complete(
      write(
        { ...parts, method: random.pick(['TRACE', 'PURGE', 'PROPFIND', 'get', 'X', 'CONNECT', 'OPTIONS']) },
        lengthOf(body),
        body,
      ),
    ),
  (parts) => complete(Buffer.from(`${parts.method} ${parts.target}\r\n\r\n`)),
  (parts) => complete(Buffer.from(`${parts.method} ${parts.target} HTTP/1.1\r\n\r\n`)),
  (parts) => complete(Buffer.from(`${parts.method} ${parts.target} HTTP/9.9\r\nHost: x\r\n\r\n`)),
  // Two at once, and half of one
  (parts, body) => {
    const one = write(parts, lengthOf(body), body);
    return complete(Buffer.concat([one, one]));
  },
  (parts, body) => unfinished(write(parts, lengthOf(body), body).subarray(0, 40)),
  (parts, body) => unfinished(write(parts, lengthOf(body), body.subarray(0, Math.floor(body.length / 2)))),
];

/** A request whose bytes break the rules of HTTP, or break off. */
export function breakWire(parts: WireParts, random: Random): WireRequest {
  return random.pick(tricks)(parts, parts.body ?? Buffer.from('{}'), random);
}

function lengthOf(body: Buffer): HeaderPair[] {
  return [['Content-Length', String(body.length)]];
}

function write(parts: WireParts, more: readonly HeaderPair[], body: Buffer): Buffer {
  const headers = [['Host', parts.host], ['Connection', 'close'], ...parts.headers, ...more];
  const lines = [`${parts.method} ${parts.target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  // Latin-1 keeps control characters and bytes above 127 as they are.
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** The body in two chunks, and then the end that is given. */
function inChunks(body: Buffer, end: string): Buffer {
  const middle = Math.ceil(body.length / 2);
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter((chunk) => chunk.length > 0);
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from(end)]);
}
