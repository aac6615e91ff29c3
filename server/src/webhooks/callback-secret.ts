import { createSecretBox } from '@base/shared/crypto/secret-box';
import { makeWebhookSecret, webhookContext } from '@base/shared/crypto/webhook-secret';
import { LRUCache } from 'lru-cache';
import type { Deps } from '../deps.ts';
import type { Writer } from '../http/writer.ts';

/** Organizations that are known to have one; none loses it while it can order jobs. */
const known = new LRUCache<string, true>({ max: 20_000 });

/** Makes the secret that signs the callbacks of an organization's jobs, unless there is one. */
export async function ensureCallbackSecret(deps: Deps, writer: Writer, organizationId: string): Promise<void> {
  if (known.has(organizationId)) return;
  const context = webhookContext(organizationId, organizationId);
  await writer.db
    .insertInto('webhook_secrets')
    .values({
      organization_id: organizationId,
      secret_ciphertext: createSecretBox(deps.config.MASTER_KEYS).seal(makeWebhookSecret(), context),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  known.set(organizationId, true);
}
