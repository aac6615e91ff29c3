import express, { type ErrorRequestHandler, type Express } from 'express';
import { buildBookRouter } from './book-router.ts';
import { buildAsaasControlRouter } from './gateways/asaas/control-router.ts';
import { buildAsaasPages } from './gateways/asaas/pages.ts';
import { buildAsaasRouter } from './gateways/asaas/router.ts';
import { buildClockRouter } from './gateways/clock-router.ts';
import { buildStripeControls } from './gateways/stripe/control/control-router.ts';
import { buildStripePages } from './gateways/stripe/pages/pages-router.ts';
import { buildStripeRouter } from './gateways/stripe/router.ts';
import { buildElevenlabsRouter } from './providers/elevenlabs/router.ts';
import { buildFalPlatformRouter } from './providers/fal/platform-router.ts';
import { buildFalDelivery, buildFalRouter } from './providers/fal/router.ts';
import { buildFreepikDelivery, buildFreepikRouter } from './providers/freepik/router.ts';
import { buildOpenaiRouter } from './providers/openai/router.ts';
import { buildOpenaiCompatibleRouter } from './providers/openai-compatible/router.ts';
import { buildOpenrouterRouter } from './providers/openrouter/router.ts';
import { buildReplicateDelivery, buildReplicateRouter } from './providers/replicate/router.ts';
import { createSandbox, type SandboxOptions } from './sandbox.ts';

/** Builds the sandbox: all providers, their output files and the book, in one app that does not listen. */
export function buildSandbox(options: SandboxOptions = {}): Express {
  const sandbox = createSandbox(options);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Bodies are read as text and parsed by the endpoint, which answers broken JSON in its provider's own words.
  app.use(express.text({ type: () => true, limit: '64mb' }));
  app.use('/replicate/v1', buildReplicateRouter(sandbox));
  app.use('/replicate-delivery', buildReplicateDelivery(sandbox));
  app.use('/openai/v1', buildOpenaiRouter(sandbox));
  app.use('/freepik', buildFreepikRouter(sandbox));
  app.use('/freepik-delivery', buildFreepikDelivery(sandbox));
  app.use('/elevenlabs', buildElevenlabsRouter(sandbox));
  app.use('/openrouter/api/v1', buildOpenrouterRouter(sandbox));
  app.use('/openai-compatible/v1', buildOpenaiCompatibleRouter(sandbox));
  app.use('/fal', buildFalRouter(sandbox));
  app.use('/fal-platform/v1', buildFalPlatformRouter());
  app.use('/fal-delivery', buildFalDelivery(sandbox));
  app.use('/asaas/v3', buildAsaasRouter(sandbox.asaas));
  app.use('/asaas', buildAsaasPages(sandbox.asaas));
  app.use('/_sandbox/asaas', buildAsaasControlRouter(sandbox.asaas));
  app.use('/v1', buildStripeRouter(sandbox.stripe));
  app.use('/_sandbox/stripe/pages', buildStripePages(sandbox.stripe));
  app.use('/_sandbox/stripe', buildStripeControls(sandbox.stripe));
  app.use('/_sandbox/clock', buildClockRouter(sandbox.clock));
  app.use('/_sandbox', buildBookRouter(sandbox));
  app.use((req, res) => {
    res.status(404).json({ sandbox_error: `nothing at ${req.method} ${req.path}` });
  });
  app.use(renderOwnError);
  return app;
}

/** A fault of the sandbox itself, or an unreadable body; marked so that nobody takes it for a provider's answer. */
const renderOwnError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  const message = error instanceof Error ? error.message : String(error);
  res.status(typeof status === 'number' ? status : 500).json({ sandbox_error: message });
};
