import { readUnsubscribeToken, type Unsubscription } from '@base/shared/crypto/unsubscribe-token';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import type { Deps } from '../../deps.ts';

export const tokenQuery = z.strictObject({ token: z.string().max(200) });

/** Whom and what the link in an e-mail names; a link that is not whole costs no look-up. @throws ApiError not_found */
export function readToken({ config }: Deps, token: string): Unsubscription {
  const found = readUnsubscribeToken(config.URL_SIGNING_SECRET, token);
  if (found === null) {
    throw new ApiError('not_found', {
      detail: 'This link is not whole. Copy all of it from the e-mail, or change what you receive in your preferences.',
    });
  }
  return found;
}
