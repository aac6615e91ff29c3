import type { RequestHandler } from 'express';
import { v7 as uuidV7 } from 'uuid';

const acceptable = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the client's `X-Request-Id` when it is harmless, else makes one; puts it on `response.locals` and the answer. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && acceptable.test(given) ? given : uuidV7();
  response.locals.requestId = id;
  response.setHeader('X-Request-Id', id);
  next();
};

/** The id of the request that this response answers. */
export function requestIdOf(response: { locals: Record<string, unknown> }): string {
  return typeof response.locals.requestId === 'string' ? response.locals.requestId : 'unknown';
}
