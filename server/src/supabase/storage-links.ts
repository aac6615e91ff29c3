import type { Config } from '@base/shared/config/env-schema';
import { ApiError } from '@base/shared/errors/api-error';
import { LRUCache } from 'lru-cache';
import { createStatelessClient } from './auth-gateway.ts';

const validSeconds = 900;
// A page of pictures asks for the same links again and again; a kept one is still valid for ten minutes.
const keptMs = 300_000;
const keptMax = 20_000;

export interface StorageLinks {
  /** A link to the stored object that opens without credentials for 10 to 15 minutes. @throws ApiError not_found, service_unavailable */
  linkTo(path: string): Promise<string>;
}

export function createStorageLinks(
  config: Pick<Config, 'SUPABASE_URL' | 'SUPABASE_SECRET_KEY' | 'STORAGE_BUCKET'>,
): StorageLinks {
  const bucket = createStatelessClient(config.SUPABASE_URL, config.SUPABASE_SECRET_KEY).storage.from(
    config.STORAGE_BUCKET,
  );
  const links = new LRUCache<string, string>({ max: keptMax, ttl: keptMs });
  return {
    async linkTo(path) {
      const known = links.get(path);
      if (known !== undefined) return known;
      const { data, error } = await bucket.createSignedUrl(path, validSeconds);
      if (error !== null) {
        const missing = 'status' in error && (error.status === 404 || error.status === 400);
        throw missing
          ? new ApiError('not_found', { detail: 'The file is gone.', cause: error })
          : new ApiError('service_unavailable', { retryAfterSeconds: 5, cause: error });
      }
      links.set(path, data.signedUrl);
      return data.signedUrl;
    },
  };
}
