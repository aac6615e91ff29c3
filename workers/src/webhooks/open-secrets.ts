import type { SecretBox } from '@base/shared/crypto/secret-box';
import { webhookContext } from '@base/shared/crypto/webhook-secret';
import * as z from 'zod';
import type { ClaimedDelivery } from './delivery-store.ts';

const previousSecrets = z.array(z.object({ secret: z.string(), until: z.iso.datetime() }));
const ownHeaders = z.record(z.string(), z.string());

export interface OpenedSecrets {
  /** The current one first, then those that are still good after a rotation. */
  secrets: string[];
  headers: Record<string, string>;
}

/** @throws SecretBoxError when none of the master keys opens them */
export function openSecrets(delivery: ClaimedDelivery, secretBox: SecretBox, nowMs: number): OpenedSecrets {
  const context = webhookContext(delivery.organization_id, delivery.webhook_id ?? delivery.organization_id);
  const open = (sealed: Buffer) => secretBox.open(sealed, context);
  const { previous_secrets_ciphertext: previous, headers_ciphertext: headers } = delivery;
  const former = previous === null ? [] : previousSecrets.parse(JSON.parse(open(previous)));
  return {
    secrets: [
      open(delivery.secret_ciphertext),
      ...former.filter(({ until }) => Date.parse(until) > nowMs).map(({ secret }) => secret),
    ],
    headers: headers === null ? {} : ownHeaders.parse(JSON.parse(open(headers))),
  };
}
