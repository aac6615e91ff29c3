import { clerkSubject, userSyncBody, userSyncResult } from '@base/shared/contracts/user-sync';
import { clerkUserId } from '@base/shared/crypto/clerk-user-id';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { invalidRequest, parseInput } from '../../http/parse-input.ts';
import { readSignedBody } from '../../http/read-signed-body.ts';
import { applyEvent } from './apply-event.ts';

export const receiveUserEvent = endpoint({
  method: 'post',
  path: '/webhooks/users',
  tag: 'user sync',
  summary: 'Tell of a person from your own system',
  description:
    'Not for clients: signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`) with ' +
    '`USER_SYNC_SECRET`. The body is `{type, occurred_at, user: {id, email, full_name?, avatar_url?, phone?, language?, ' +
    'credits? | credit_delta?}}`; each id is taken once, and events may come in any order.',
  access: 'public',
  // One system calls for everybody, and whoever cannot sign gets no further than the signature.
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
    const { USER_SYNC_SECRET: secret, CLERK_ISSUER: issuer } = deps.config;
    if (secret === undefined) throw new ApiError('not_found');
    const { envelope, bytes, json } = await readSignedBody(secret, 'webhook-', request, response);
    const { type, occurred_at: occurredAt, user } = parseInput(userSyncBody, json, 'body');
    const { id, credits = null, credit_delta: creditDelta = null, ...profile } = user;
    const event = {
      ...{ source: 'users' as const, eventId: envelope.id, type, occurredAt, profile, credits, creditDelta },
      userId: toUserId(id, issuer),
    };
    return ok(await applyEvent(event, bytes, { deps, request, requestId }));
  },
});

function toUserId(id: string, issuer: string | undefined): string {
  if (!clerkSubject.test(id)) return id.toLowerCase();
  if (issuer !== undefined) return clerkUserId(issuer, id);
  throw invalidRequest([{ pointer: '/user/id', detail: 'names a person at Clerk, which is not set up here' }]);
}
