import { isKeyProvider, type KeyProvider, keyProviders } from '@base/shared/contracts/provider-keys';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';

/** Any text, so that an unknown provider is told which there are. */
export const providerParams = z.strictObject({ provider: z.string().meta({ example: 'openai' }) });

/** @throws ApiError not_found naming the providers there are */
export function readProvider({ provider }: z.output<typeof providerParams>): KeyProvider {
  if (isKeyProvider(provider)) return provider;
  throw new ApiError('not_found', {
    detail: `There is no such provider. Own keys can be stored for ${keyProviders.join(', ')}.`,
  });
}

/** For a provider that the organization has stored no key for. */
export function noKey(provider: KeyProvider): ApiError {
  return new ApiError('not_found', { detail: `No key of your own is stored for ${provider}.` });
}
