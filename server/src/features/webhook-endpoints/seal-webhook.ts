import { secretOverlapSeconds } from '@base/shared/contracts/webhooks';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { makeWebhookSecret, webhookContext } from '@base/shared/crypto/webhook-secret';
import * as z from 'zod';
import type { Deps } from '../../deps.ts';

const previousSecrets = z.array(z.object({ secret: z.string(), until: z.iso.datetime() }));
/** So many signatures fit into a header that every receiver takes. */
const previousMax = 4;

/** Columns of an endpoint's, or of an organization's, secrets. */
export interface SealedSecrets {
  secret_ciphertext: Buffer;
  previous_secrets_ciphertext: Buffer | null;
  previous_secrets_until: Date | null;
}

/** What is bound to one endpoint; the organization's own id stands for the callbacks of its jobs. */
export interface WebhookSeal {
  sealHeaders(headers: Record<string, string>): { header_names: string[]; headers_ciphertext: Buffer | null };
  sealSecret(secret: string): Buffer;
  openSecret(sealed: Buffer): string;
  /** A new secret; the old ones stay good for a day, however often it is changed meanwhile. */
  rotate(old: SealedSecrets): { secret: string; sealed: SealedSecrets };
}

export function createWebhookSeal(deps: Deps, organizationId: string, webhookId: string): WebhookSeal {
  const box = createSecretBox(deps.config.MASTER_KEYS);
  const context = webhookContext(organizationId, webhookId);
  return {
    sealHeaders(headers) {
      const names = Object.keys(headers);
      return {
        header_names: names,
        headers_ciphertext: names.length === 0 ? null : box.seal(JSON.stringify(headers), context),
      };
    },
    sealSecret: (secret) => box.seal(secret, context),
    openSecret: (sealed) => box.open(sealed, context),
    rotate(old) {
      const until = new Date(Date.now() + secretOverlapSeconds * 1000);
      const sealedBefore = old.previous_secrets_ciphertext;
      const before = sealedBefore === null ? [] : previousSecrets.parse(JSON.parse(box.open(sealedBefore, context)));
      const previous = [
        { secret: box.open(old.secret_ciphertext, context), until: until.toISOString() },
        ...before.filter((entry) => Date.parse(entry.until) > Date.now()),
      ].slice(0, previousMax);
      const secret = makeWebhookSecret();
      const sealed = {
        secret_ciphertext: box.seal(secret, context),
        previous_secrets_ciphertext: box.seal(JSON.stringify(previous), context),
        previous_secrets_until: until,
      };
      return { secret, sealed };
    },
  };
}
