import { apiKey, updateApiKeyBody } from '@base/shared/contracts/accounts';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findApiKey, findOwnApiKey, refuseBoundedKey, refuseHigherScopes } from './find-api-key.ts';
import { presentApiKey } from './present-api-key.ts';
import { refusePast } from './refuse-past.ts';

export const updateApiKey = endpoint({
  method: 'patch',
  path: '/api-keys/:id',
  tag: 'api keys',
  summary: 'Change a key’s name, scopes, limits, budget, addresses or end',
  description: 'A budget below what the month has already used refuses every further job; running ones go on.',
  access: 'api_keys:write',
  params: z.strictObject({ id }),
  body: updateApiKeyBody,
  responses: { 200: { description: 'The key as changed.', body: apiKey } },
  errors: ['conflict'],
  async handle({ params, body, deps, principal, writer }) {
    const { scopes, expires_at: expiresAt, ...fields } = body;
    refuseBoundedKey(principal);
    await findOwnApiKey(deps.db, principal, params.id);
    if (scopes !== undefined) refuseHigherScopes(principal, scopes);
    refusePast(expiresAt);
    const changed = await writer.db
      .updateTable('api_keys')
      // Fields left out are undefined, and undefined is not written.
      .set({
        ...fields,
        scopes: scopes === undefined ? undefined : [...new Set(scopes)],
        expires_at: typeof expiresAt === 'string' ? new Date(expiresAt) : expiresAt,
        updated_at: new Date(),
      })
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (changed === undefined) throw new ApiError('conflict', { detail: 'The key has been revoked.' });
    deps.authenticator.forget([{ kind: 'api_key', id: params.id }]);
    return ok(presentApiKey(await findApiKey(deps.db, principal, params.id)));
  },
});
