import type { IncomingMessage } from 'node:http';
import { addAbortSignal, pipeline, type Readable, Transform } from 'node:stream';
import type { ResolveAll } from '@base/shared/http-client/guarded-request';
import { guardedGet } from './guarded-get.ts';
import { OutputError } from './output-error.ts';

export interface FetchOutputRequest {
  url: string;
  /** Whether the provider delivers from this `name` or `name:port`. */
  isOutputHost(host: string): boolean;
  /** `name:port` of hosts that the operator set: plain HTTP and private addresses are fine there. */
  trustedHosts: ReadonlySet<string>;
  /** Longest body. */
  bytesMax: number;
  /** Longest time for everything, redirects and body included. */
  timeoutMs: number;
  /** Longest time without a single byte. */
  idleTimeoutMs: number;
  signal: AbortSignal;
  resolveAll?: ResolveAll;
}

const redirectsMax = 3;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const passingStatuses = new Set([408, 425, 429]);
const urlCharactersMax = 8_192;

/**
 * Opens a provider's output link as a stream of at most `bytesMax` bytes. Every hop is checked: https, a host of that
 * provider, a public address. No credentials are sent. The stream fails with the same errors as the call.
 * @throws OutputError `output_invalid` for a link that is refused or a body that is too long or coded,
 * `output_unavailable` when it cannot be had; the signal's reason when the caller gave up.
 */
export async function fetchOutput(request: FetchOutputRequest): Promise<Readable> {
  const { timeoutMs, idleTimeoutMs } = request;
  const deadline = AbortSignal.timeout(timeoutMs);
  const silence = watchSilence(idleTimeoutMs);
  const signal = AbortSignal.any([request.signal, deadline, silence.signal]);
  const explain = (error: Error): Error => {
    if (request.signal.aborted) return toError(request.signal.reason);
    if (deadline.aborted) return new OutputError('output_unavailable', `not complete within ${timeoutMs} ms`);
    if (silence.signal.aborted) {
      return new OutputError('output_unavailable', `nothing came for ${idleTimeoutMs} ms`, { isPassing: true });
    }
    if (error instanceof OutputError) return error;
    return new OutputError('output_unavailable', error.message, { isPassing: true, cause: error });
  };
  try {
    request.signal.throwIfAborted();
    const response = await follow(request, signal);
    return limit(response, { bytesMax: request.bytesMax, signal, silence, explain });
  } catch (error) {
    silence.stop();
    throw explain(toError(error));
  }
}

interface Silence {
  /** Aborted when the time is up. */
  signal: AbortSignal;
  /** Something came: the time starts anew. */
  end(): void;
  stop(): void;
}

function watchSilence(timeoutMs: number): Silence {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  return { signal: abort.signal, end: () => timer.refresh(), stop: () => clearTimeout(timer) };
}

async function follow(request: FetchOutputRequest, signal: AbortSignal): Promise<IncomingMessage> {
  let link = request.url;
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const url = checkLink(link, request);
    const isTrusted = request.trustedHosts.has(url.host);
    const { resolveAll } = request;
    const response = await guardedGet(url, { isTrusted, signal, ...(resolveAll && { resolveAll }) });
    const location = response.headers.location;
    if (!redirectStatuses.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    if (!URL.canParse(location, url.href))
      throw new OutputError('output_invalid', 'redirected to something that is no URL');
    link = new URL(location, url).href;
  }
  throw new OutputError('output_unavailable', `more than ${redirectsMax} redirects`);
}

function checkLink(link: string, { isOutputHost, trustedHosts }: FetchOutputRequest): URL {
  if (link.length > urlCharactersMax || !URL.canParse(link))
    throw new OutputError('output_invalid', 'not a usable link');
  const url = new URL(link);
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && trustedHosts.has(url.host));
  if (!isSecure) throw new OutputError('output_invalid', `refused ${url.protocol} link to ${url.host}`);
  if (url.username !== '' || url.password !== '')
    throw new OutputError('output_invalid', 'refused link with credentials');
  if (!isOutputHost(url.host)) throw new OutputError('output_invalid', `${url.host} is no host of this provider`);
  return url;
}

interface BodyLimits {
  bytesMax: number;
  signal: AbortSignal;
  silence: Silence;
  explain(error: Error): Error;
}

function limit(response: IncomingMessage, { bytesMax, signal, silence, explain }: BodyLimits): Readable {
  try {
    checkHeaders(response, bytesMax);
  } catch (error) {
    response.destroy();
    throw error;
  }
  let bytes = 0;
  const limiter = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      silence.end();
      bytes += chunk.length;
      // The announced length proves nothing; what comes is what counts.
      if (bytes > bytesMax) callback(tooLong(bytesMax));
      else callback(null, chunk);
    },
    destroy(error, callback) {
      silence.stop();
      callback(error && explain(error));
    },
  });
  // The limiter carries every failure on to its reader; when the reader leaves, the connection is closed.
  pipeline(response, limiter, () => {});
  return addAbortSignal(signal, limiter);
}

function checkHeaders({ statusCode = 0, headers }: IncomingMessage, bytesMax: number): void {
  if (statusCode !== 200) {
    const isPassing = statusCode >= 500 || passingStatuses.has(statusCode);
    throw new OutputError('output_unavailable', `HTTP ${statusCode}`, { isPassing });
  }
  // A compressed body could unpack to any size, and outputs gain nothing from it.
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') throw new OutputError('output_invalid', `coded as ${coding}`);
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLong(bytesMax);
}

function tooLong(bytesMax: number): OutputError {
  return new OutputError('output_invalid', `longer than ${bytesMax} bytes`);
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
