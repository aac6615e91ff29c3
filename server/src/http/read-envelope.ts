import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '@base/shared/errors/api-error';

// Standard Webhooks, Svix and fal all prescribe five minutes.
const ageSecondsMax = 300;

/** The headers of one signed message. */
export interface Envelope {
  /** The same when the message is sent again. */
  id: string;
  /** Unix seconds, as text: it is part of what is signed. */
  timestamp: string;
  signature: string;
  headers: IncomingHttpHeaders;
}

/**
 * Reads what must be there, and be of now, before a signature is worth checking: old messages are how a signed one is
 * played again.
 * @param prefix of the sender's headers: `<prefix>timestamp`, `<prefix>signature`
 * @throws ApiError invalid_signature
 */
export function readEnvelope(
  headers: IncomingHttpHeaders,
  prefix: string,
  idHeader: string,
  now = Date.now(),
): Envelope {
  const id = headers[idHeader];
  const timestamp = headers[`${prefix}timestamp`];
  const signature = headers[`${prefix}signature`];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') {
    throw new ApiError('invalid_signature', { detail: 'The headers of the signature are missing.' });
  }
  const age = Math.floor(now / 1000) - Number(timestamp);
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(age) > ageSecondsMax) {
    throw new ApiError('invalid_signature', { detail: 'The time of the signature is not that of now.' });
  }
  return { id, timestamp, signature, headers };
}
