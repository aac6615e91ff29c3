/**
 * What became of a call to a payment gateway:
 * - `invalid`: refused for what it says; the same call will be refused again.
 * - `unauthorized`: the key or the account is refused.
 * - `not_found`: the gateway has no such object.
 * - `rate_limited`: nothing happened; try again later.
 * - `unavailable`: nothing changed at the gateway; try again later.
 * - `unknown_outcome`: a change was asked for and may have been made. Look it up before asking for it again.
 */
export type GatewayErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'not_found'
  | 'rate_limited'
  | 'unavailable'
  | 'unknown_outcome';

export interface GatewayErrorOptions {
  /** The gateway's own codes, first the most telling. */
  codes?: readonly string[];
  retryAfterSeconds?: number | undefined;
}

/** Why a call to a payment gateway gave no answer to work with. The message is for the log: it holds no key. */
export class GatewayError extends Error {
  override name = 'GatewayError';
  readonly kind: GatewayErrorKind;
  readonly codes: readonly string[];
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: GatewayErrorKind, message: string, options: GatewayErrorOptions = {}) {
    super(message);
    this.kind = kind;
    this.codes = options.codes ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Narrows to a gateway's error, of one kind if one is given. */
export function isGatewayError(error: unknown, kind?: GatewayErrorKind): error is GatewayError {
  return error instanceof GatewayError && (kind === undefined || error.kind === kind);
}
