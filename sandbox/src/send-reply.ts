import type { Response } from 'express';

/** An answer before it is written, so that faults can spoil it on the way out. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Writes a reply as JSON. Does nothing when the client has left or an answer was already sent. */
export function sendReply(res: Response, reply: Reply): void {
  sendText(res, reply, JSON.stringify(reply.body));
}

/** Writes `text` with the status and headers of `reply`: for bodies that are not, or not quite, JSON. */
export function sendText(res: Response, reply: Reply, text: string): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(reply.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...reply.headers,
  });
  res.end(text);
}
