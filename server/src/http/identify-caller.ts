import { ApiError } from '@base/shared/errors/api-error';
import type { Request } from 'express';
import type { Deps } from '../deps.ts';
import type { Endpoint } from './endpoint.ts';
import { createEventTokens } from './event-tokens.ts';
import type { Principal } from './principal.ts';

export type IdentifyCaller = (request: Request) => Promise<Principal | null>;

/**
 * Tells who calls an endpoint: by the headers, or by `?token=` where the endpoint takes event tokens. Never by both: of two
 * callers in one request nobody could say which one was meant. Gives null when there is neither.
 */
export function identifyCallerOf(endpoint: Endpoint, deps: Deps): IdentifyCaller {
  const { authenticator } = deps;
  if (endpoint.eventToken !== true) return (request) => authenticator.authenticate(request);
  const eventTokens = createEventTokens(deps.config);

  return async (request) => {
    const { token } = request.query;
    if (token === undefined) return authenticator.authenticate(request);
    if (request.headers.authorization !== undefined || request.headers['x-api-key'] !== undefined) {
      throw new ApiError('unauthenticated', { detail: 'Send either a header with credentials or `token`, not both.' });
    }
    if (typeof token !== 'string') throw new ApiError('unauthenticated', { detail: 'Send one `token`.' });
    const grant = eventTokens.read(token);
    if (grant.jobId !== null && String(request.params.id).toLowerCase() !== grant.jobId) {
      throw new ApiError('unauthenticated', { detail: 'The event token is for the events of another job.' });
    }
    return authenticator.admitGranted(grant, request);
  };
}
