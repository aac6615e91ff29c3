import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';

const acceptable = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the client's `X-Request-Id` when it is harmless, else makes one; puts it on `response.locals` and the answer. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && acceptable.test(given) ? given : makeUuidV7();
  response.locals.requestId = id;
  response.setHeader('X-Request-Id', id);
  next();
};

/** The id of the request that this response answers. */
export function requestIdOf(response: { locals: Record<string, unknown> }): string {
  return typeof response.locals.requestId === 'string' ? response.locals.requestId : 'unknown';
}

/** A UUID v7 (RFC 9562): 48 bits of milliseconds, then randomness, so that ids of logs sort by time. */
export function makeUuidV7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
