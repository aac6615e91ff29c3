import { ApiError } from '@base/shared/errors/api-error';
import compression from 'compression';
import cors from 'cors';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Deps } from './deps.ts';
import { apiKeys } from './features/api-keys/router.ts';
import { assistant } from './features/assistant/router.ts';
import { auditLogs } from './features/audit-logs/router.ts';
import { auth } from './features/auth/router.ts';
import { autoTopup } from './features/auto-topup/router.ts';
import { billing } from './features/billing/router.ts';
import { callbacks } from './features/callbacks/router.ts';
import { code } from './features/code/router.ts';
import { conversations } from './features/conversations/router.ts';
import { credits } from './features/credits/router.ts';
import { email } from './features/email/router.ts';
import { events } from './features/events/router.ts';
import { generations } from './features/generations/router.ts';
import { health } from './features/health/router.ts';
import { invitations } from './features/invitations/router.ts';
import { jobs } from './features/jobs/router.ts';
import { me } from './features/me/router.ts';
import { members } from './features/members/router.ts';
import { models } from './features/models/router.ts';
import { notifications } from './features/notifications/router.ts';
import { organization } from './features/organization/router.ts';
import { paymentWebhooks } from './features/payment-webhooks/router.ts';
import { plans } from './features/plans/router.ts';
import { providerKeys } from './features/provider-keys/router.ts';
import { tokens } from './features/tokens/router.ts';
import { userSync } from './features/user-sync/router.ts';
import { voices } from './features/voices/router.ts';
import { webhookEndpoints } from './features/webhook-endpoints/router.ts';
import { docsRouter } from './http/docs.ts';
import { mountEndpoints } from './http/mount-endpoints.ts';
import type { MountedEndpoints } from './http/openapi.ts';
import { renderError } from './http/render-error.ts';
import { requestId } from './http/request-id.ts';
import { requestLog } from './http/request-log.ts';

/** Every endpoint, in the order of the documentation. */
export const mounted: readonly MountedEndpoints[] = [
  {
    prefix: '/api/v1',
    endpoints: [
      ...auth,
      ...me,
      ...organization,
      ...members,
      ...invitations,
      ...apiKeys,
      ...providerKeys,
      ...webhookEndpoints,
      ...auditLogs,
      ...models,
      ...voices,
      ...jobs,
      ...assistant,
      ...conversations,
      ...code,
      ...tokens,
      ...generations,
      ...credits,
      ...email,
      ...events,
      ...notifications,
      ...autoTopup,
      ...plans,
      ...billing,
      ...callbacks,
      ...userSync,
      ...paymentWebhooks,
    ],
  },
  { prefix: '/api', endpoints: health },
];

const exposedHeaders = [
  'X-Request-Id',
  'Link',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Idempotent-Replayed',
  'Preference-Applied',
];

/** Wires the API together. It never listens: that is the business of start/server.ts, or of a test. */
export function buildApp(deps: Deps): Express {
  const { config, log, metrics, publicUrl } = deps;
  const app = express();
  app.set('trust proxy', config.TRUST_PROXY_HOPS);
  app.set('etag', false);
  app.disable('x-powered-by');
  app.enable('case sensitive routing');

  app.use(requestId, requestLog({ log, metrics }));
  app.use(securityHeaders());
  app.use(cors({ origin: [...config.CORS_ORIGINS], exposedHeaders, maxAge: 600 }));
  // Event streams are never compressed: a compressor would hold events back.
  app.use(
    compression({ filter: (request, response) => !isEventStream(response) && compression.filter(request, response) }),
  );

  for (const { prefix, endpoints } of mounted) {
    const router = express.Router({ caseSensitive: true });
    mountEndpoints(router, endpoints, deps);
    app.use(prefix, router);
  }
  app.use('/api', docsRouter(mounted, publicUrl));

  app.use(() => {
    throw new ApiError('not_found', { detail: 'There is nothing at this path; see /api/docs.' });
  });
  app.use(renderError({ publicUrl, log }));
  return app;
}

function securityHeaders(): express.RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // The reference page's own script sets styles on elements.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    // Pictures are meant to be shown on the customers' own pages.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}

function isEventStream(response: express.Response): boolean {
  return String(response.getHeader('Content-Type') ?? '').startsWith('text/event-stream');
}
