import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** What an endpoint's secrets and headers are bound to. The callbacks of jobs have the organization's id in the place of an endpoint's. */
export function webhookContext(organizationId: string, webhookId: string): string {
  return `webhooks:${organizationId}:${webhookId}`;
}

/** A new secret, as Standard Webhooks has it: 32 random bytes. */
export function makeWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

export interface SignedMessage {
  id: string;
  /** Seconds since 1970, of this attempt. */
  timestamp: number;
  body: string | Buffer;
}

/** The value of `webhook-signature`: one signature for each secret, so that receivers can change theirs at leisure. */
export function signWebhook(secrets: readonly string[], { id, timestamp, body }: SignedMessage): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(prefix.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
    })
    .join(' ');
}
