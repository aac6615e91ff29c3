import { randomUUID } from 'node:crypto';
import { type Request, Router } from 'express';
import { requireKey } from '../../require-key.ts';
import { type Reply, sendReply } from '../../send-reply.ts';
import type { ProviderVoice } from '../provider.ts';
import { findFalModel } from './models.ts';
import { falVoice } from './replies.ts';

const endpointsMax = 50;

/** It shares its keys with the queue, but has its own way of reporting errors. */
const platformVoice: ProviderVoice = {
  ...falVoice,
  missingKey: () => failure(401, 'authorization_error', 'Authentication required'),
  invalidKey: () => failure(401, 'authorization_error', 'Invalid API key'),
};

/** What the key check needs of fal.ai's Platform API, mounted at `/fal-platform/v1`. */
export function buildFalPlatformRouter(): Router {
  const router = Router();
  router.get(
    '/models/pricing',
    requireKey(platformVoice, (req) => listPrices(req)),
  );
  router.use((_req, res) => sendReply(res, failure(404, 'not_found', 'Resource not found')));
  return router;
}

/** `endpoint_id` is given several times or as a list with commas. */
function listPrices({ query }: Request): Reply {
  const ids = [query.endpoint_id].flat().flatMap((id) => (typeof id === 'string' && id !== '' ? id.split(',') : []));
  if (ids.length < 1 || ids.length > endpointsMax) {
    return failure(400, 'validation_error', `endpoint_id must name 1 to ${endpointsMax} endpoints`);
  }
  const prices = [];
  for (const id of ids) {
    const model = findFalModel(id);
    if (!model) return failure(404, 'not_found', `Endpoint not found: ${id}`);
    prices.push({ endpoint_id: id, unit_price: model.unitPrice, unit: model.unit, currency: 'USD' });
  }
  return { status: 200, body: { next_cursor: null, has_more: false, prices } };
}

function failure(status: number, type: string, message: string): Reply {
  return { status, body: { error: { type, message, request_id: randomUUID() } } };
}
