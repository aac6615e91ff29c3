import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { connect } from 'node:net';
import { connect as secureConnect } from 'node:tls';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { FuzzRequest, Outcome } from './request.ts';

export interface Sender {
  send(request: FuzzRequest): Promise<Outcome>;
  close(): void;
}

/** An answer that takes longer is a failure. */
export const answerMaxMs = 30_000;
/** Bodies beyond this are refused while they are still being sent, and then the connection may break first. */
const refusedBytes = 1024 * 1024;
const keptCharacters = 2 * 1024 * 1024;

/** Sends requests to one API: ordinary ones over connections that are kept, the others each over a socket of its own. */
export function createSender(apiUrl: string, concurrency: number): Sender {
  const url = new URL(apiUrl);
  const isSecure = url.protocol === 'https:';
  const agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: concurrency });
  return {
    async send(request) {
      if (request.wire !== null) return sendWire(request.wire, url);
      const first = await sendOrdinary(request, url, agent);
      // A kept connection may be closed by the server at the moment it is used again; that is nobody's fault.
      return first.kind === 'lost' && first.isStale === true ? sendOrdinary(request, url, agent) : first;
    },
    close: () => agent.destroy(),
  };
}

type Sent = Outcome & { isStale?: boolean };

function sendOrdinary(request: FuzzRequest, url: URL, agent: Agent): Promise<Sent> {
  const startedMs = performance.now();
  const { method, target, headers, body } = request;
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send({
      ...{ host: url.hostname, port: url.port, method, agent, path: target },
      headers: ['Host', url.host, ...headers.flat(), ...(body === null ? [] : ['Content-Length', String(body.length)])],
      signal: AbortSignal.timeout(answerMaxMs),
    });
    sent.on('response', (response) => {
      readAnswer(response).then(
        (text) => resolve(toAnswer(response, text, performance.now() - startedMs)),
        (error: unknown) => resolve({ kind: 'lost', reason: `the answer broke off: ${String(error)}` }),
      );
    });
    sent.on('error', (error) => {
      const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (isReset && body !== null && body.length > refusedBytes) resolve({ kind: 'cut' });
      else resolve({ kind: 'lost', reason: String(error), isStale: isReset && sent.reusedSocket });
    });
    sent.end(body ?? undefined);
  });
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  // Streams of events end with their job; their head is enough.
  if (/event-stream/.test(response.headers['content-type'] ?? '') && response.statusCode === 200) {
    response.destroy();
    return '';
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return decompress(Buffer.concat(chunks), response.headers['content-encoding'])
    .toString('utf8')
    .slice(0, keptCharacters);
}

function decompress(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.length === 0) return bytes;
  if (encoding === 'gzip') return gunzipSync(bytes);
  if (encoding === 'br') return brotliDecompressSync(bytes);
  return encoding === 'deflate' ? inflateSync(bytes) : bytes;
}

function toAnswer(response: IncomingMessage, text: string, durationMs: number): Outcome {
  const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return { kind: 'answer', status: response.statusCode ?? 0, headers, text, durationMs };
}

function sendWire({ bytes, abortAfterMs }: NonNullable<FuzzRequest['wire']>, url: URL): Promise<Outcome> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const isSecure = url.protocol === 'https:';
    const at = { host: url.hostname, port: Number(url.port) || (isSecure ? 443 : 80) };
    const socket = isSecure ? secureConnect({ ...at, servername: url.hostname }) : connect(at);
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => socket.destroy(), abortAfterMs ?? answerMaxMs);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (/^HTTP\S+ 200[\s\S]*event-stream[\s\S]*\r\n\r\n/.test(chunk.toString('latin1'))) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      const durationMs = performance.now() - startedMs;
      const isLate = abortAfterMs === null && durationMs >= answerMaxMs;
      resolve(isLate ? { kind: 'lost', reason: 'no answer in time' } : readWire(Buffer.concat(chunks), durationMs));
    });
    socket.write(bytes);
  });
}

function readWire(bytes: Buffer, durationMs: number): Outcome {
  const [head = '', ...rest] = bytes.toString('utf8').split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1]);
  if (Number.isNaN(status)) return { kind: 'cut' };
  const headers = new Map(
    lines.map((entry) => [
      entry.slice(0, entry.indexOf(':')).toLowerCase(),
      entry.slice(entry.indexOf(':') + 1).trim(),
    ]),
  );
  const isChunked = headers.get('transfer-encoding') === 'chunked';
  const text = rest.join('\r\n\r\n');
  return {
    kind: 'answer',
    status,
    headers,
    text: isChunked ? text.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').trim() : text,
    durationMs,
  };
}
