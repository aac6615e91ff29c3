import type { Config } from '@base/shared/config/env-schema';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { Envelope } from '../../http/read-envelope.ts';
import { createFalSignatures } from './fal-signature.ts';

/** How one provider calls back. */
export interface CallbackSource {
  /** Of the headers of its signature. */
  headerPrefix: string;
  idHeader: string;
  /** Where the body names the task. */
  taskIdField: string;
  isRight(envelope: Envelope, body: Buffer): Promise<boolean> | boolean;
}

type CallbackConfig = Pick<Config, 'REPLICATE_WEBHOOK_SECRET' | 'FREEPIK_WEBHOOK_SECRET' | 'FAL_JWKS_URL'>;

const sourcesOf = new WeakMap<CallbackConfig, Map<string, CallbackSource>>();

/** The provider whose callbacks can be checked with this configuration; undefined for all others. */
export function findCallbackSource(provider: string, config: CallbackConfig): CallbackSource | undefined {
  // Made once for each configuration, so that fal's keys are kept between callbacks.
  const sources = sourcesOf.get(config) ?? makeSources(config);
  sourcesOf.set(config, sources);
  return sources.get(provider);
}

function makeSources(config: CallbackConfig): Map<string, CallbackSource> {
  const sources = new Map<string, CallbackSource>();
  const { REPLICATE_WEBHOOK_SECRET: replicateSecret, FREEPIK_WEBHOOK_SECRET: freepikSecret } = config;
  if (replicateSecret !== undefined) sources.set('replicate', standardSource('id', new Webhook(replicateSecret)));
  if (freepikSecret !== undefined) {
    // Unlike the standard says, the secret is not base64: https://docs.freepik.com/webhooks
    const webhook = new Webhook(Buffer.from(freepikSecret), { format: 'raw' });
    sources.set('freepik', standardSource('task_id', webhook));
  }
  sources.set('fal', {
    headerPrefix: 'x-fal-webhook-',
    idHeader: 'x-fal-webhook-request-id',
    taskIdField: 'request_id',
    ...createFalSignatures(config.FAL_JWKS_URL),
  });
  return sources;
}

/** https://www.standardwebhooks.com */
function standardSource(taskIdField: string, webhook: Webhook): CallbackSource {
  return {
    headerPrefix: 'webhook-',
    idHeader: 'webhook-id',
    taskIdField,
    isRight({ id, timestamp, signature }, body) {
      const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
      try {
        webhook.verify(body, headers, { jsonParse: false });
        return true;
      } catch (error) {
        if (error instanceof WebhookVerificationError) return false;
        throw error;
      }
    },
  };
}
