import { createdWebhookEndpoint, createWebhookBody, endpointsMax } from '@base/shared/contracts/webhooks';
import { makeWebhookSecret } from '@base/shared/crypto/webhook-secret';
import { ApiError } from '@base/shared/errors/api-error';
import { v7 as uuidV7 } from 'uuid';
import { created, endpoint } from '../../http/endpoint.ts';
import { hashRequest } from '../../http/idempotency-key.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { checkWebhookUrl } from '../../webhooks/check-webhook-url.ts';
import { findWebhook } from './find-webhook.ts';
import { presentCreatedWebhook } from './present-webhook.ts';
import { createWebhookSeal } from './seal-webhook.ts';

interface Made {
  code: 'created' | 'replayed' | 'idempotency_key_reused' | 'limit_reached';
  id: string;
}

const createSql =
  'select code, id from public.create_webhook($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)';

export const createWebhookEndpoint = endpoint({
  method: 'post',
  path: '/webhook-endpoints',
  tag: 'webhooks',
  summary: 'Make an endpoint that is told of events',
  description:
    'The secret is in this answer only; a replay by Idempotency-Key has `secret: null`. Messages follow Standard Webhooks: ' +
    'any of its libraries verifies them.',
  access: 'webhooks:write',
  body: createWebhookBody,
  idempotent: true,
  responses: {
    201: {
      description: 'The endpoint.',
      body: createdWebhookEndpoint,
      headers: { Location: 'Its address.', 'Idempotent-Replayed': '`true` when an earlier request made it.' },
    },
  },
  errors: ['feature_not_in_plan', 'idempotency_key_reused', 'conflict'],
  async handle({ body, deps, principal, writer, idempotencyKey }) {
    requireFeature(principal, 'webhooks');
    checkWebhookUrl(body.url, deps, '/url');
    const id = uuidV7();
    const seal = createWebhookSeal(deps, principal.organizationId, id);
    const secret = makeWebhookSecret();
    const { header_names: names, headers_ciphertext: headers } = seal.sealHeaders(body.headers);
    const { rows } = await writer.query<Made>(createSql, [
      id,
      principal.organizationId,
      principal.userId,
      body.url,
      body.description,
      body.events,
      names,
      headers,
      seal.sealSecret(secret),
      body.enabled,
      body.throttle_per_second,
      body.max_concurrency,
      endpointsMax,
      idempotencyKey,
      idempotencyKey === null ? null : hashRequest(body),
    ]);
    const made = rows[0];
    if (made === undefined) throw new Error('create_webhook answered nothing');
    if (made.code === 'idempotency_key_reused') throw new ApiError('idempotency_key_reused');
    if (made.code === 'limit_reached') throw tooMany();
    const row = await findWebhook(deps.db, principal, made.id);
    const isReplayed = made.code === 'replayed';
    return created(presentCreatedWebhook(row, isReplayed ? null : secret), {
      Location: `/api/v1/webhook-endpoints/${row.id}`,
      ...(isReplayed ? { 'Idempotent-Replayed': 'true' } : {}),
    });
  },
});

function tooMany(): ApiError {
  return new ApiError('conflict', {
    detail: `An organization has at most ${endpointsMax} endpoints. Delete one first.`,
  });
}
