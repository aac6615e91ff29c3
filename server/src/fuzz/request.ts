import type { Operation } from './read-operations.ts';
import type { Caller, HeaderPair } from './world.ts';

/** One request as it will be sent. */
export interface FuzzRequest {
  index: number;
  operation: Operation;
  caller: Caller;
  method: string;
  /** Percent-encoded, with the query. */
  target: string;
  headers: readonly HeaderPair[];
  body: Buffer | null;
  /** Set when it is to go over a socket byte by byte, as no HTTP client would send it. */
  wire: WireRequest | null;
}

export interface WireRequest {
  bytes: Buffer;
  /** Hang up after this long, without waiting for an answer. */
  abortAfterMs: number | null;
}

/** What came back. */
export type Outcome =
  | { kind: 'answer'; status: number; headers: ReadonlyMap<string, string>; text: string; durationMs: number }
  /** No answer, as is right for a request that was not fit for one. */
  | { kind: 'cut' }
  | { kind: 'lost'; reason: string };
