import { hash } from 'node:crypto';
import type { Request } from 'express';
import { invalidRequest } from './parse-input.ts';

// 1 to 255 printable ASCII characters; the draft's quoted form is accepted beside the bare one that most clients send.
const bare = /^[\x21-\x7e]{1,255}$/;

/** The request's `Idempotency-Key`, or null. @throws ApiError invalid_request */
export function readIdempotencyKey(request: Request): string | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  const text = typeof header === 'string' ? header.trim() : '';
  const quoted = /^"(.*)"$/.exec(text)?.[1];
  const key = quoted ?? text;
  if (!bare.test(key)) {
    const detail = 'must have 1 to 255 printable ASCII characters without spaces';
    throw invalidRequest([{ pointer: '/headers/idempotency-key', detail }]);
  }
  return key;
}

/** A fingerprint of a parsed body: equal for equal content, whatever the order of its members. */
export function hashRequest(body: unknown): string {
  return hash('sha256', JSON.stringify(sortMembers(body)), 'hex');
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortMembers(member)]));
}
