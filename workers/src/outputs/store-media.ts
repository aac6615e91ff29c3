import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { describeRawAudio } from './describe-raw-audio.ts';
import { type InspectedMedia, inspectMedia } from './inspect-media.ts';
import type { OpenLimits, OpenOutput } from './open-output.ts';
import type { OutputBucket } from './output-bucket.ts';
import { OutputError } from './output-error.ts';
import { retryPassing } from './retry-passing.ts';
import { Semaphore } from './semaphore.ts';
import type { MediaType, StoredFile, StoreRequest } from './stored-file.ts';
import { onDisk, removeStaleSpools, withSpoolFile } from './with-spool-file.ts';

export interface MediaRequest extends StoreRequest {
  type: MediaType;
}

export interface MediaStoreOptions {
  open: OpenOutput;
  bucket: OutputBucket;
  limits: Record<MediaType, OpenLimits>;
}

/**
 * Each takes its length on the disk for as long as it is being stored: with 2 GiB for a video, 16 GiB at most,
 * and 1.6 GB when all are audio.
 */
const spoolingMax = 8;
/** Reading a file that is made for it takes up to 350 MB, so few are read at a time. */
const readingMax = 2;

/**
 * Stores video and audio by way of a temporary file, never in memory: it has to be known whole before any of it is
 * kept, its duration may stand at its end, and an upload may have to begin again. What it gives throws as
 * `OutputStore.store` does.
 */
export function createMediaStore(options: MediaStoreOptions): (request: MediaRequest) => Promise<StoredFile> {
  const { open, bucket, limits } = options;
  const spooling = new Semaphore(spoolingMax);
  const reading = new Semaphore(readingMax);
  // What cannot be removed only takes room on the disk.
  const tidied = removeStaleSpools().catch(() => {});

  async function spool(request: MediaRequest, file: string): Promise<number> {
    const { signal, type } = request;
    await retryPassing(async () => {
      const output = await open(request, limits[type]);
      await onDisk(() => pipeline(output, createWriteStream(file)));
    }, signal);
    const { size } = await stat(file);
    if (size === 0) throw new OutputError('output_invalid', 'is empty');
    return size;
  }

  async function inspect(request: MediaRequest, file: string, bytes: number): Promise<InspectedMedia> {
    const { file: output, type, signal } = request;
    const stated = type === 'audio' && output.kind === 'bytes' ? output.contentType : undefined;
    const raw = stated === undefined ? null : describeRawAudio(stated, bytes);
    return raw ?? reading.run(() => inspectMedia(file, type, signal));
  }

  async function store(request: MediaRequest, file: string): Promise<StoredFile> {
    const { signal } = request;
    const bytes = await spool(request, file);
    const { extension, contentType, width, height, durationSeconds } = await inspect(request, file, bytes);
    signal.throwIfAborted();
    const path = `${request.path}.${extension}`;
    await retryPassing(async () => {
      await bucket.upload({ path, content: { file, bytes }, contentType, signal });
      await bucket.check(path, bytes);
    }, signal);
    return { path, thumbnailPath: null, contentType, width, height, durationSeconds, bytes };
  }

  return (request) =>
    spooling.run(async () => {
      request.signal.throwIfAborted();
      await tidied;
      return withSpoolFile((file) => store(request, file));
    });
}
