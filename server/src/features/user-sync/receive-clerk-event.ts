import { userSyncResult } from '@base/shared/contracts/user-sync';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { readSignedBody } from '../../http/read-signed-body.ts';
import { applyEvent } from './apply-event.ts';
import { readClerkEvent } from './read-clerk-event.ts';

export const receiveClerkEvent = endpoint({
  method: 'post',
  path: '/webhooks/clerk',
  tag: 'user sync',
  summary: 'Called by Clerk when a person is created, changed or deleted',
  description:
    'Not for clients: Clerk signs what it sends (`svix-id`, `svix-timestamp`, `svix-signature`). `user.created`, ' +
    '`user.updated` and `user.deleted` are taken once each, in any order; all others are answered and change nothing.',
  access: 'public',
  // Clerk calls for everybody from few addresses, and whoever cannot sign gets no further than the signature.
  addressLimit: 'none',
  responses: { 200: { description: 'Taken, now or before.', body: userSyncResult } },
  errors: [
    'invalid_signature',
    'conflict',
    'payload_too_large',
    'unsupported_media_type',
    'malformed_request',
    'malformed_json',
  ],
  async handle({ request, response, deps, requestId }) {
    const { CLERK_ISSUER: issuer, CLERK_WEBHOOK_SECRET: secret } = deps.config;
    if (issuer === undefined || secret === undefined) throw new ApiError('not_found');
    const { envelope, bytes, json } = await readSignedBody(secret, 'svix-', request, response);
    const event = readClerkEvent(json, issuer, envelope);
    if (event !== null) return ok(await applyEvent(event, bytes, { deps, request, requestId }));
    return ok({
      result: 'ignored' as const,
      user_id: null,
      organization_id: null,
      credits_applied: 0,
      account: null,
    });
  },
});
