import type { ErrorCode } from '@base/shared/errors/error-table';
import type { Logger } from '@base/shared/log/logger';
import type { Request, Response } from 'express';
import type * as z from 'zod';
import type { Deps } from '../deps.ts';
import type { Permission } from './permissions.ts';
import type { Principal } from './principal.ts';
import type { Writer } from './writer.ts';

/** `public`: nobody is asked for. `optional`: credentials are checked when they are sent, and may be missing. */
export type Access = 'public' | Permission | { optional: Permission };

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface ResponseDeclaration {
  description: string;
  body?: z.ZodType;
  /** Response headers worth documenting: name → what it says. */
  headers?: Readonly<Record<string, string>>;
  /** Only where it is not JSON, for example `text/event-stream`. */
  contentType?: string;
}

/** How an answer becomes a table: its columns in order, and a row for each of what it lists. */
export interface CsvDeclaration {
  columns: readonly string[];
  rows: (body: never) => Record<string, unknown>[];
}

export type Responses = Readonly<Record<number, ResponseDeclaration>>;

export interface Reply<S extends number = number, B = unknown> {
  status: S;
  body: B;
  headers?: Record<string, string>;
}

/** Returned by a handler that has taken over the response itself, as event streams do. */
export const streamed = Symbol('streamed');

type BodyOf<D> = D extends { body: infer T extends z.ZodType } ? z.input<T> : undefined;
type ReplyOf<R extends Responses> =
  | { [S in keyof R & number]: Reply<S, BodyOf<R[S]>> }[keyof R & number]
  | typeof streamed;

export interface EndpointContext<A = Access, P = unknown, Q = unknown, H = unknown, B = unknown> {
  params: P;
  query: Q;
  headers: H;
  body: B;
  principal: A extends Permission ? Principal : Principal | null;
  /** The `Idempotency-Key` of an endpoint declared `idempotent`; null when the client sent none. */
  idempotencyKey: string | null;
  deps: Deps;
  /** For everything that changes data: the audit log names who called. */
  readonly writer: Writer;
  /** Carries request_id and organization_id. */
  readonly log: Logger;
  requestId: string;
  request: Request;
  response: Response;
  /** Aborts when the client has gone before the answer was complete. */
  readonly signal: AbortSignal;
}

interface Declaration<A, P, Q, H, B, R extends Responses> {
  method: Method;
  /** Below the prefix it is mounted at, in Express's form: `/generations/:id`. */
  path: `/${string}`;
  tag: string;
  summary: string;
  description?: string;
  access: A;
  /** Limit by address for calls without credentials: `credentials` is the narrow one of sign-in and the like. */
  addressLimit?: 'public' | 'credentials' | 'none';
  params?: P;
  query?: Q;
  headers?: H;
  body?: B;
  responses: R;
  /** Also answers `Accept: text/csv`, made of the body of its 200. */
  csv?: CsvDeclaration;
  /** Error codes beyond those every endpoint may answer, for the documentation. */
  errors?: readonly ErrorCode[];
  /** Takes `Idempotency-Key`. */
  idempotent?: boolean;
  /** An event stream that `?token=` opens too, see event-tokens.ts. An `:id` in its path is the id of a job. */
  eventToken?: boolean;
}

/** A declared endpoint with its own types put away; the HTTP layer parses before it calls `handle`. */
export interface Endpoint extends Declaration<Access, z.ZodType, z.ZodType, z.ZodType, z.ZodType, Responses> {
  handle: (context: never) => Promise<Reply | typeof streamed> | Reply | typeof streamed;
}

/**
 * Declares an endpoint once: this mounts the route, validates what comes in and feeds OpenAPI. `handle` gets parsed
 * input and gives `{ status, body }` as declared in `responses`, or throws an `ApiError`.
 */
export function endpoint<
  A extends Access,
  R extends Responses,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  H extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: Declaration<A, P, Q, H, B, R> & {
    handle: (
      context: EndpointContext<A, z.output<P>, z.output<Q>, z.output<H>, z.output<B>>,
    ) => Promise<ReplyOf<R>> | ReplyOf<R>;
  },
): Endpoint {
  return declaration;
}

export function ok<T>(body: T, headers: Record<string, string> = {}): Reply<200, T> {
  return { status: 200, body, headers };
}

export function created<T>(body: T, headers: Record<string, string> = {}): Reply<201, T> {
  return { status: 201, body, headers };
}

export function accepted<T>(body: T, headers: Record<string, string> = {}): Reply<202, T> {
  return { status: 202, body, headers };
}

export function noContent(headers: Record<string, string> = {}): Reply<204, undefined> {
  return { status: 204, body: undefined, headers };
}

export function redirect(location: string, headers: Record<string, string> = {}): Reply<302, undefined> {
  return { status: 302, body: undefined, headers: { Location: location, ...headers } };
}
