import { Readable } from 'node:stream';
import { fetchOutput } from './fetch-output.ts';
import { OutputError } from './output-error.ts';
import type { StoreRequest } from './stored-file.ts';

export interface OpenLimits {
  /** Longest output. */
  bytesMax: number;
  /** Longest time for all of it. */
  timeoutMs: number;
}

/**
 * Opens an output as a stream of at most `bytesMax` bytes, wherever it is.
 * @throws OutputError as `fetchOutput` does, when called and while reading; the request's signal's reason.
 */
export type OpenOutput = (request: StoreRequest, limits: OpenLimits) => Promise<Readable>;

export interface OutputOpenerOptions {
  /** `name:port` of hosts that the operator set. */
  trustedHosts: ReadonlySet<string>;
  /** Longest time without a single byte. */
  idleTimeoutMs: number;
}

export function createOutputOpener({ trustedHosts, idleTimeoutMs }: OutputOpenerOptions): OpenOutput {
  return async ({ file, provider, signal }, { bytesMax, timeoutMs }) => {
    if (file.kind === 'url') {
      const isOutputHost = (host: string) => provider.isOutputHost(host);
      return fetchOutput({ url: file.url, isOutputHost, trustedHosts, bytesMax, timeoutMs, idleTimeoutMs, signal });
    }
    if (file.bytes.length > bytesMax) throw new OutputError('output_invalid', `longer than ${bytesMax} bytes`);
    return Readable.from([file.bytes], { objectMode: false });
  };
}
