import { createHmac } from 'node:crypto';

/** A secret for messages signed by Standard Webhooks. */
export const messageSecret = `whsec_${Buffer.from('a secret of the tests, 32 bytes.').toString('base64')}`;

/** The three headers of a message, as its sender makes them. @param prefix `webhook-` or `svix-` */
export function signMessage(
  prefix: string,
  message: { id: string; body: string; timestamp?: number; secret?: string },
): Record<string, string> {
  const { id, body, timestamp = Math.floor(Date.now() / 1000), secret = messageSecret } = message;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { [`${prefix}id`]: id, [`${prefix}timestamp`]: String(timestamp), [`${prefix}signature`]: `v1,${signature}` };
}
