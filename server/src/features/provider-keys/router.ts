import type { Endpoint } from '../../http/endpoint.ts';
import { deleteProviderKey } from './delete-provider-key.ts';
import { getProviderKey } from './get-provider-key.ts';
import { listProviderKeys } from './list-provider-keys.ts';
import { putProviderKey } from './put-provider-key.ts';
import { validateProviderKey } from './validate-provider-key.ts';

export const providerKeys: readonly Endpoint[] = [
  listProviderKeys,
  getProviderKey,
  putProviderKey,
  deleteProviderKey,
  validateProviderKey,
];
