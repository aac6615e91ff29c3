import type { Logger } from '@base/shared/log/logger';
import type { Metrics } from '@base/shared/metrics/metrics';
import type { RequestHandler } from 'express';
import type { Principal } from './principal.ts';
import { requestIdOf } from './request-id.ts';

/** One line and one measurement per request, by route template: paths carry ids and queries may carry signatures. */
export function requestLog(options: { log: Logger; metrics: Metrics }): RequestHandler {
  const { log, metrics } = options;
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const ms = performance.now() - startedAt;
      const route = typeof response.locals.route === 'string' ? response.locals.route : 'unmatched';
      const complete = response.writableFinished;
      const labels = {
        method: knownMethod(request.method),
        route,
        status: `${Math.floor(response.statusCode / 100)}xx`,
      };
      metrics.httpRequestDuration.observe(labels, ms / 1000);
      const principal = response.locals.principal as Principal | undefined; // set by the endpoint, or not at all
      log.info(
        {
          request_id: requestIdOf(response),
          organization_id: principal?.organizationId,
          user_id: principal?.userId,
          api_key_id: principal?.apiKey?.id,
          method: request.method,
          route,
          status: response.statusCode,
          code: response.locals.errorCode,
          ms: Math.round(ms * 10) / 10,
          ...(complete ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function knownMethod(method: string): string {
  return methods.has(method) ? method : 'other';
}
