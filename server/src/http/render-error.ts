import { ApiError } from '@base/shared/errors/api-error';
import { errorTable } from '@base/shared/errors/error-table';
import type { Logger } from '@base/shared/log/logger';
import type { ErrorRequestHandler, Response } from 'express';
import { requestIdOf } from './request-id.ts';
import { translateStoreError } from './translate-store-error.ts';

/** Answers every error as RFC 9457 problem details; what is not an `ApiError` is a fault of ours and only logged. */
export function renderError(options: { publicUrl: string; log: Logger }): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const problem = toApiError(error);
    if (problem.status >= 500) {
      const level = problem.code === 'internal_error' ? 'error' : 'warn';
      options.log[level](
        { err: problem.cause ?? error, request_id: requestIdOf(response), method: request.method },
        'request failed',
      );
    }
    response.locals.errorCode = problem.code;
    if (response.headersSent) {
      // An answer that has begun cannot become an error: cutting the connection tells the client it is incomplete.
      response.destroy();
      return;
    }
    sendProblem(response, problem, options.publicUrl);
  };
}

function sendProblem(response: Response, problem: ApiError, publicUrl: string): void {
  const body = {
    ...problem.figures,
    type: `${publicUrl}/api/docs/errors#${problem.code}`,
    title: errorTable[problem.code].title,
    status: problem.status,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    code: problem.code,
    request_id: requestIdOf(response),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
  if (problem.retryAfterSeconds !== undefined) {
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(problem.retryAfterSeconds))));
  }
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="base"');
  response.setHeader('Cache-Control', 'no-store');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(body));
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // Express's router throws this for a path such as /%zz.
  if (error instanceof URIError) {
    return new ApiError('malformed_request', { detail: 'The path is not correctly percent-encoded.' });
  }
  return translateStoreError(error) ?? new ApiError('internal_error', { cause: error });
}
