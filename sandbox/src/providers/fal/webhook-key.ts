import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { CallbackPlan } from '../../send-callbacks.ts';

const userId = 'sandbox';
/** Made anew by each process, so that a receiver has to ask for the public half. */
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** The public half as `/.well-known/jwks.json` shows it. */
export const publicKeys = { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'EdDSA' }] };

/** Signs as fal does: Ed25519 over four lines, the last of them a digest of the body; in hexadecimal digits. */
export function signFalWebhook(requestId: string): CallbackPlan['sign'] {
  return ({ timestamp, text }) => {
    const digest = createHash('sha256').update(text).digest('hex');
    const signed = [requestId, userId, timestamp, digest].join('\n');
    return {
      'x-fal-webhook-request-id': requestId,
      'x-fal-webhook-user-id': userId,
      'x-fal-webhook-timestamp': String(timestamp),
      'x-fal-webhook-signature': sign(null, Buffer.from(signed), privateKey).toString('hex'),
    };
  };
}
