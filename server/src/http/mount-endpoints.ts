import { ApiError } from '@base/shared/errors/api-error';
import type { Logger } from '@base/shared/log/logger';
import type { Request, RequestHandler, Response, Router } from 'express';
import type { Deps } from '../deps.ts';
import { findReplyDrift } from './check-reply.ts';
import { addressOf, exactAddressOf } from './client-address.ts';
import { type Endpoint, type EndpointContext, type Reply, streamed } from './endpoint.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { identifyCallerOf } from './identify-caller.ts';
import { limitOfAddress, limitsOf } from './limits.ts';
import { parseInput } from './parse-input.ts';
import { describePermission, isAllowed, type Permission } from './permissions.ts';
import type { Principal } from './principal.ts';
import { rateLimitHeaders, refuseExceeded } from './rate-limit.ts';
import { readJsonBody } from './read-json-body.ts';
import { requestIdOf } from './request-id.ts';
import { requireFeature } from './require-feature.ts';
import { sendCsv } from './send-csv.ts';
import { createWriter, type Writer } from './writer.ts';

/** Mounts the endpoints; another method on one of their paths is answered 405 with `Allow`. */
export function mountEndpoints(router: Router, endpoints: readonly Endpoint[], deps: Deps): void {
  const methods = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    router[endpoint.method](endpoint.path, handleWith(endpoint, deps));
    const known = methods.get(endpoint.path) ?? new Set(['OPTIONS']);
    known.add(endpoint.method.toUpperCase());
    if (endpoint.method === 'get') known.add('HEAD');
    methods.set(endpoint.path, known);
  }
  for (const [path, known] of methods) {
    const allow = [...known].sort().join(', ');
    router.all(path, (request, response) => {
      response.locals.route = path;
      response.setHeader('Allow', allow);
      if (request.method === 'OPTIONS') response.status(204).end();
      else throw new ApiError('method_not_allowed', { detail: `This path takes ${allow}.` });
    });
  }
}

/** The way of every request: who is calling, may they, how often, what do they want — and only then the work. */
function handleWith(endpoint: Endpoint, deps: Deps): RequestHandler {
  const permission = permissionOf(endpoint);
  const identifyCaller = identifyCallerOf(endpoint, deps);
  return async (request, response) => {
    response.locals.route = endpoint.path;
    const principal = permission === null ? null : await identifyCaller(request);
    if (principal !== null) response.locals.principal = principal;
    await limitRate(endpoint, principal, request, response, deps);
    if (permission !== null) authorize(endpoint, permission, principal);

    const context = new Context(deps, request, response, principal);
    context.params = parseParams(endpoint, request.params);
    if (endpoint.headers !== undefined) context.headers = parseInput(endpoint.headers, request.headers, 'headers');
    const query = queryOf(endpoint, request);
    if (endpoint.query !== undefined) context.query = parseInput(endpoint.query, query, 'query');
    else refuseUnknownQuery(query);
    if (endpoint.idempotent === true) context.idempotencyKey = readIdempotencyKey(request);
    if (endpoint.body !== undefined) {
      context.body = parseInput(endpoint.body, await readJsonBody(request, response), 'body');
    }
    // Every part was parsed by the schema that gave the handler its types.
    const reply = await endpoint.handle(context as never);
    if (reply !== streamed) send(endpoint, reply, request, response, deps);
  };
}

class Context implements EndpointContext {
  params: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
  idempotencyKey: string | null = null;
  readonly deps: Deps;
  readonly request: Request;
  readonly response: Response;
  readonly requestId: string;
  #principal: Principal | null;
  #log: Logger | undefined;
  #signal: AbortSignal | undefined;

  constructor(deps: Deps, request: Request, response: Response, principal: Principal | null) {
    this.deps = deps;
    this.request = request;
    this.response = response;
    this.requestId = requestIdOf(response);
    this.#principal = principal;
  }

  get principal(): Principal {
    // Null only where the endpoint is public, and its handler's type says so; see EndpointContext.
    return this.#principal as Principal;
  }

  // Made on demand: most requests log nothing of their own and finish before anyone could leave.
  get log(): Logger {
    this.#log ??= this.deps.log.child({
      request_id: this.requestId,
      ...(this.#principal === null ? {} : { organization_id: this.#principal.organizationId }),
    });
    return this.#log;
  }

  get writer(): Writer {
    const { request, requestId, deps } = this;
    const principal = this.#principal;
    return createWriter(deps.pool, {
      type: principal?.kind ?? 'anonymous',
      id: principal === null ? null : (principal.apiKey?.id ?? principal.userId),
      ipAddress: exactAddressOf(request),
      userAgent: request.headers['user-agent'] ?? null,
      requestId,
    });
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const left = new AbortController();
      const { response } = this;
      const onClose = (): void => {
        if (!response.writableFinished) left.abort();
      };
      if (response.closed) onClose();
      else response.once('close', onClose);
      this.#signal = left.signal;
    }
    return this.#signal;
  }
}

function permissionOf({ access }: Endpoint): Permission | null {
  if (access === 'public') return null;
  return typeof access === 'string' ? access : access.optional;
}

function authorize(endpoint: Endpoint, permission: Permission, principal: Principal | null): void {
  if (principal === null) {
    if (typeof endpoint.access === 'object') return;
    throw new ApiError('unauthenticated', {
      detail: 'Send `Authorization: Bearer <session token or API key>` or `X-API-Key`.',
    });
  }
  if (principal.kind === 'api_key') requireFeature(principal, 'api_access');
  if (!isAllowed(permission, principal)) {
    throw new ApiError('forbidden', { detail: describePermission(permission), figures: { permission } });
  }
}

async function limitRate(
  endpoint: Endpoint,
  principal: Principal | null,
  request: Request,
  response: Response,
  deps: Deps,
): Promise<void> {
  const { addressLimit = 'public' } = endpoint;
  if (addressLimit === 'none') return;
  const limits = principal === null ? [limitOfAddress(addressOf(request), addressLimit)] : limitsOf(principal);
  const consumption = await deps.rateLimiter.consume(limits);
  for (const [name, value] of Object.entries(rateLimitHeaders(consumption))) response.setHeader(name, value);
  refuseExceeded(consumption);
}

/** What does not have the form of an id names nothing. */
function parseParams(endpoint: Endpoint, params: unknown): unknown {
  if (endpoint.params === undefined) return undefined;
  try {
    return parseInput(endpoint.params, { ...(typeof params === 'object' ? params : {}) }, 'query');
  } catch (error) {
    throw new ApiError('not_found', { cause: error });
  }
}

/** The query without what has told who is calling. */
function queryOf({ eventToken }: Endpoint, request: Request): Record<string, unknown> {
  const { token, ...rest } = request.query;
  return eventToken === true || token === undefined ? rest : { ...rest, token };
}

function refuseUnknownQuery(query: Record<string, unknown>): void {
  const names = Object.keys(query);
  if (names.length === 0) return;
  throw new ApiError('invalid_request', {
    detail: 'This call takes no query parameters.',
    errors: names.slice(0, 20).map((name) => ({
      pointer: `/query/${name.toWellFormed().slice(0, 100)}`,
      detail: 'is not a known parameter',
    })),
  });
}

function send(endpoint: Endpoint, reply: Reply, request: Request, response: Response, deps: Deps): void {
  if (deps.config.NODE_ENV !== 'production') {
    const drift = findReplyDrift(endpoint, reply);
    if (drift !== null)
      throw new Error(`${endpoint.method} ${endpoint.path} answers what it does not declare: ${drift}`);
  }
  response.status(reply.status);
  // Answers belong to one caller; what may be cached says so itself.
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (endpoint.csv !== undefined) response.vary('Accept');
  if (reply.body === undefined) response.end();
  else if (endpoint.csv !== undefined && request.accepts(['json', 'csv']) === 'csv') {
    sendCsv(endpoint.csv, reply.body, request, response);
  } else response.json(reply.body);
}
