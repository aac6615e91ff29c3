import { buffer } from 'node:stream/consumers';
import { inspectImage } from './inspect-image.ts';
import type { OpenLimits, OpenOutput } from './open-output.ts';
import type { OutputBucket } from './output-bucket.ts';
import { retryPassing } from './retry-passing.ts';
import { Semaphore } from './semaphore.ts';
import type { StoredFile, StoreRequest } from './stored-file.ts';

export interface ImageStoreOptions {
  open: OpenOutput;
  bucket: OutputBucket;
  limits: OpenLimits;
}

/** Images are held in memory while they are stored; together with the size cap this bounds the memory of a worker. */
const storingMax = 16;
/** A decoded picture takes up to 400 MB, so few are decoded at a time. */
const decodingMax = 2;

/** Stores images whole, with a thumbnail beside each. What it gives throws as `OutputStore.store` does. */
export function createImageStore(options: ImageStoreOptions): (request: StoreRequest) => Promise<StoredFile> {
  const { open, bucket, limits } = options;
  const storing = new Semaphore(storingMax);
  const decoding = new Semaphore(decodingMax);

  async function store(request: StoreRequest): Promise<StoredFile> {
    const { path, signal } = request;
    signal.throwIfAborted();
    const content = await retryPassing(async () => buffer(await open(request, limits)), signal);
    const image = await decoding.run(() => inspectImage(content));
    const { contentType, width, height, thumbnail } = image;
    const original = `${path}.${image.extension}`;
    const thumbnailPath = `${path}.thumb.webp`;
    signal.throwIfAborted();
    const uploadOriginal = async () => {
      await bucket.upload({ path: original, content, contentType, signal });
      await bucket.check(original, content.length);
    };
    const uploadThumbnail = () =>
      bucket.upload({ path: thumbnailPath, content: thumbnail, contentType: 'image/webp', signal });
    const uploads = await Promise.allSettled([
      retryPassing(uploadOriginal, signal),
      retryPassing(uploadThumbnail, signal),
    ]);
    // Both are over before either is judged, so that nothing is written after this call has ended.
    for (const result of uploads) if (result.status === 'rejected') throw result.reason;
    return {
      path: original,
      thumbnailPath,
      contentType,
      width,
      height,
      durationSeconds: null,
      bytes: content.length,
    };
  }

  return (request) => storing.run(() => store(request));
}
