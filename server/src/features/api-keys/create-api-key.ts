import { createApiKeyBody, createdApiKey } from '@base/shared/contracts/accounts';
import { created, endpoint } from '../../http/endpoint.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { refuseBoundedKey, refuseHigherScopes } from './find-api-key.ts';
import { insertApiKey } from './insert-api-key.ts';
import { presentCreatedApiKey } from './present-api-key.ts';
import { refusePast } from './refuse-past.ts';

export const createApiKey = endpoint({
  method: 'post',
  path: '/api-keys',
  tag: 'api keys',
  summary: 'Make a key',
  description: 'The key’s text is in this answer only; a replay by Idempotency-Key has `key: null`.',
  access: 'api_keys:write',
  body: createApiKeyBody,
  idempotent: true,
  responses: {
    201: {
      description: 'The key.',
      body: createdApiKey,
      headers: { Location: 'The key’s address.', 'Idempotent-Replayed': '`true` when an earlier request made it.' },
    },
  },
  errors: ['feature_not_in_plan', 'idempotency_key_reused'],
  async handle({ body, writer, principal, idempotencyKey }) {
    requireFeature(principal, 'api_access');
    refuseBoundedKey(principal);
    refuseHigherScopes(principal, body.scopes);
    refusePast(body.expires_at);
    const { row, key } = await insertApiKey(
      writer,
      { principal, idempotencyKey, route: 'POST /api-keys', body },
      {
        name: body.name,
        scopes: [...new Set(body.scopes)],
        requestsPerMinute: body.requests_per_minute ?? null,
        requestsPerDay: body.requests_per_day ?? null,
        monthlyCreditBudget: body.monthly_credit_budget ?? null,
        allowedIps: body.allowed_ips ?? null,
        expiresAt: body.expires_at ?? null,
      },
    );
    return created(presentCreatedApiKey(row, key), {
      Location: `/api/v1/api-keys/${row.id}`,
      ...(key === null ? { 'Idempotent-Replayed': 'true' } : {}),
    });
  },
});
