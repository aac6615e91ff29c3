import { randomUUID } from 'node:crypto';
import { messageSecret, signMessage } from './sign-message.ts';
import type { Answer, TestApi } from './start-api.ts';

/** How a message of user sync goes out, where it is not as usual. */
export interface SyncMessage {
  id?: string;
  timestamp?: number;
  secret?: string;
  headers?: Record<string, string>;
}

/** A setting of nodes that take what `deliverUserEvent` sends. */
export const userSyncSettings = { USER_SYNC_SECRET: messageSecret };

export function newEmail(): string {
  return `${randomUUID()}@people.test`;
}

export function newEventId(): string {
  return `evt_${randomUUID()}`;
}

/** The time so many seconds ago. */
export function secondsAgo(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

/** Sends a signed message to user sync, as a system of one's own would. */
export function deliverUserEvent(api: TestApi, body: unknown, message: SyncMessage = {}): Promise<Answer> {
  const { id = newEventId(), headers, ...rest } = message;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const signed = signMessage('webhook-', { id, body: text, ...rest });
  return api.call('POST', '/api/v1/webhooks/users', { body: text, headers: { ...signed, ...headers } });
}

/** Tells that something became of a person so many seconds ago. */
export function tellOfUser(
  api: TestApi,
  type: 'created' | 'updated' | 'deleted',
  user: Record<string, unknown>,
  seconds = 0,
  message: SyncMessage = {},
): Promise<Answer> {
  return deliverUserEvent(api, { type: `user.${type}`, occurred_at: secondsAgo(seconds), user }, message);
}
