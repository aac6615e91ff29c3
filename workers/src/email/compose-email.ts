import { appUrl } from '@base/shared/config/app-url';
import type { Config } from '@base/shared/config/env-schema';
import { unsubscribePath } from '@base/shared/contracts/email';
import { invitationLinkContext } from '@base/shared/crypto/invitation-link';
import { type SecretBox, SecretBoxError } from '@base/shared/crypto/secret-box';
import { makeUnsubscribeToken } from '@base/shared/crypto/unsubscribe-token';
import type { ClaimedEmail } from './email-store.ts';
import { UnsendableError } from './judge-failure.ts';
import { createReader } from './reader.ts';
import { renderEmail } from './render-email.ts';
import { type OutgoingEmail, senderDomain } from './smtp-transport.ts';

export interface ComposeDeps {
  config: Config;
  secretBox: SecretBox;
}

/**
 * Makes the whole e-mail. What names it (Message-ID and key) comes from the row's id, so that one sent twice is known again.
 * @throws UnsendableError, ZodError
 */
export function composeEmail({ config, secretBox }: ComposeDeps, email: ClaimedEmail): OutgoingEmail {
  const reader = createReader({
    language: email.language,
    organization: email.organization_name,
    fullName: email.full_name,
    appUrl: appUrl(config),
  });
  const unsubscribeUrl = linkToUnsubscribe(config, email);
  const rendered = renderEmail(
    email.template,
    { ...email.data, ...openSealed(secretBox, email) },
    {
      reader,
      category: email.category,
      unsubscribeUrl,
      isMember: email.user_id !== null,
    },
  );
  return {
    ...rendered,
    messageId: `<${email.id}@${senderDomain(config.MAIL_FROM ?? '')}>`,
    idempotencyKey: email.id,
    to: { name: email.full_name ?? '', address: email.address },
    unsubscribeUrl,
  };
}

function linkToUnsubscribe(config: Config, { category, user_id: userId }: ClaimedEmail): string | null {
  if (category === 'essential' || userId === null) return null;
  const token = makeUnsubscribeToken(config.URL_SIGNING_SECRET, { userId, category });
  return `${config.PUBLIC_URL.replace(/\/+$/, '')}/api/v1${unsubscribePath}?token=${token}`;
}

function openSealed(secretBox: SecretBox, { sealed, reference }: ClaimedEmail): { link?: string } {
  if (sealed === null) return {};
  try {
    return { link: secretBox.open(sealed, invitationLinkContext(reference)) };
  } catch (error) {
    if (error instanceof SecretBoxError) throw new UnsendableError(error.message, { cause: error });
    throw error;
  }
}
