import type { Config } from '@base/shared/config/env-schema';
import { customHosts, type ProvidersConfig } from '../providers/registry.ts';
import { createOutputOpener } from './open-output.ts';
import { createOutputBucket } from './output-bucket.ts';
import { retryPassing } from './retry-passing.ts';
import { createImageStore } from './store-image.ts';
import { createMediaStore } from './store-media.ts';
import type { StoredFile, StoreRequest } from './stored-file.ts';

export type { StoredFile, StoreRequest } from './stored-file.ts';

export interface OutputStore {
  /**
   * Stores an output and makes sure that it can be read back.
   * @throws OutputError when the output cannot be had, is not usable or cannot be written; the signal's reason.
   */
  store(request: StoreRequest): Promise<StoredFile>;
  /** Creates the private bucket if it is missing. */
  ensureBucket(): Promise<void>;
}

export type OutputStoreConfig = ProvidersConfig &
  Pick<Config, 'SUPABASE_URL' | 'SUPABASE_SECRET_KEY' | 'STORAGE_BUCKET'>;

export interface OutputLimits {
  imageBytesMax: number;
  videoBytesMax: number;
  audioBytesMax: number;
  /** For one try at fetching an image. */
  imageFetchTimeoutMs: number;
  /** For one try at fetching a video or audio file. */
  mediaFetchTimeoutMs: number;
  /** Within a fetch, without a single byte. */
  idleTimeoutMs: number;
  /** For one request to the storage; for the upload of a file, the time in which nothing moves. */
  storageTimeoutMs: number;
}

const defaultLimits: OutputLimits = {
  imageBytesMax: 60 * 1024 * 1024,
  videoBytesMax: 2 * 1024 * 1024 * 1024,
  audioBytesMax: 200 * 1024 * 1024,
  imageFetchTimeoutMs: 60_000,
  mediaFetchTimeoutMs: 20 * 60_000,
  idleTimeoutMs: 30_000,
  storageTimeoutMs: 60_000,
};

/** Brings outputs from providers into Supabase Storage: images with their thumbnails, video and audio with their duration. */
export function createOutputStore(config: OutputStoreConfig, limits: Partial<OutputLimits> = {}): OutputStore {
  const { imageBytesMax, videoBytesMax, audioBytesMax, imageFetchTimeoutMs, mediaFetchTimeoutMs, ...timeouts } = {
    ...defaultLimits,
    ...limits,
  };
  const common = {
    open: createOutputOpener({ trustedHosts: customHosts(config), idleTimeoutMs: timeouts.idleTimeoutMs }),
    bucket: createOutputBucket({
      supabaseUrl: config.SUPABASE_URL,
      secretKey: config.SUPABASE_SECRET_KEY,
      bucket: config.STORAGE_BUCKET,
      timeoutMs: timeouts.storageTimeoutMs,
    }),
  };
  const storeImage = createImageStore({
    ...common,
    limits: { bytesMax: imageBytesMax, timeoutMs: imageFetchTimeoutMs },
  });
  const storeMedia = createMediaStore({
    ...common,
    limits: {
      video: { bytesMax: videoBytesMax, timeoutMs: mediaFetchTimeoutMs },
      audio: { bytesMax: audioBytesMax, timeoutMs: mediaFetchTimeoutMs },
    },
  });

  return {
    store: (request) =>
      request.type === 'image' ? storeImage(request) : storeMedia({ ...request, type: request.type }),
    ensureBucket: () => retryPassing(() => common.bucket.ensure(), AbortSignal.timeout(timeouts.storageTimeoutMs)),
  };
}
