import { hash } from 'node:crypto';
import { type UserSyncResult, userSyncResult } from '@base/shared/contracts/user-sync';
import { ApiError } from '@base/shared/errors/api-error';
import type { Request } from 'express';
import * as z from 'zod';
import type { Deps } from '../../deps.ts';
import { exactAddressOf } from '../../http/client-address.ts';
import { createWriter } from '../../http/writer.ts';
import type { SyncEvent } from './sync-event.ts';

const rowSchema = z.object({
  code: z.enum([...userSyncResult.shape.result.options, 'conflict']),
  organization_id: z.string().nullable(),
  credits_applied: z.coerce.number().nullable(),
  account: userSyncResult.shape.account,
});

const sql = `select * from public.sync_user($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/**
 * Takes an event exactly once, in one transaction.
 * @param bytes of the whole message: the same id with another message is refused
 * @throws ApiError conflict
 */
export async function applyEvent(
  event: SyncEvent,
  bytes: Buffer,
  { deps, request, requestId }: { deps: Deps; request: Request; requestId: string },
): Promise<UserSyncResult> {
  const writer = createWriter(deps.pool, {
    type: 'webhook',
    id: null,
    ipAddress: exactAddressOf(request),
    userAgent: request.headers['user-agent'] ?? null,
    requestId,
  });
  const { rows } = await writer.query(sql, [
    event.source,
    event.eventId,
    hash('sha256', bytes, 'hex'),
    event.type,
    event.occurredAt.toISOString(),
    event.userId,
    // What is undefined is not sent.
    JSON.stringify(event.type === 'user.deleted' ? {} : event.profile),
    event.credits,
    event.creditDelta,
  ]);
  const { code, ...found } = rowSchema.parse(rows[0]);
  if (code === 'conflict') {
    throw new ApiError('conflict', { detail: 'An event with this id, but with another body, has come before.' });
  }
  deps.authenticator.forget([{ kind: 'user', id: event.userId }]);
  return { ...found, result: code, user_id: event.userId, credits_applied: found.credits_applied ?? 0 };
}
