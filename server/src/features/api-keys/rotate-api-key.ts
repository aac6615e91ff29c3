import { createdApiKey, rotateApiKeyBody } from '@base/shared/contracts/accounts';
import { id } from '@base/shared/contracts/wire';
import * as z from 'zod';
import { created, endpoint } from '../../http/endpoint.ts';
import { requireFeature } from '../../http/require-feature.ts';
import { findOwnApiKey } from './find-api-key.ts';
import { insertRotatedApiKey } from './insert-api-key.ts';
import { presentCreatedApiKey } from './present-api-key.ts';

export const rotateApiKey = endpoint({
  method: 'post',
  path: '/api-keys/:id/rotate',
  tag: 'api keys',
  summary: 'Replace a key: a new one with the same name, scopes and limits, the old one ending after the overlap',
  description: 'Both share the month of the budget. The new key ends when the old one would have ended without this.',
  access: 'api_keys:write',
  params: z.strictObject({ id }),
  body: rotateApiKeyBody,
  idempotent: true,
  responses: {
    201: {
      description: 'The new key.',
      body: createdApiKey,
      headers: { Location: 'The key’s address.', 'Idempotent-Replayed': '`true` when an earlier request made it.' },
    },
  },
  errors: ['conflict', 'feature_not_in_plan', 'idempotency_key_reused'],
  async handle({ params, body, deps, writer, principal, idempotencyKey }) {
    requireFeature(principal, 'api_access');
    await findOwnApiKey(deps.db, principal, params.id);
    const { row, key } = await insertRotatedApiKey(
      writer,
      { principal, idempotencyKey, route: `POST /api-keys/${params.id}/rotate`, body },
      { id: params.id, overlapSeconds: body.overlap_seconds },
    );
    deps.authenticator.forget([{ kind: 'api_key', id: params.id }]);
    return created(presentCreatedApiKey(row, key), {
      Location: `/api/v1/api-keys/${row.id}`,
      ...(key === null ? { 'Idempotent-Replayed': 'true' } : {}),
    });
  },
});
