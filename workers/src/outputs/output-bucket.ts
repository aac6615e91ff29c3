import { createReadStream, type ReadStream } from 'node:fs';
import { createClient } from '@supabase/supabase-js';
import { OutputError } from './output-error.ts';

export interface OutputBucketOptions {
  supabaseUrl: string;
  secretKey: string;
  bucket: string;
  /** Longest wait for one request to the storage; for the upload of a file, longest time in which nothing moves. */
  timeoutMs: number;
}

export interface Upload {
  /** Written over what is there. */
  path: string;
  content: Uint8Array | SpooledFile;
  contentType: string;
  /** Ends the upload of a file; one of bytes is short. */
  signal: AbortSignal;
}

export interface SpooledFile {
  file: string;
  bytes: number;
}

export interface OutputBucket {
  /** @throws OutputError `storage_unavailable`, passing when it may work later; the signal's reason. */
  upload(upload: Upload): Promise<void>;
  /** Makes sure that a file can be had, whole. @throws OutputError `storage_unavailable`, passing. */
  check(path: string, bytes: number): Promise<void>;
  /** Creates the private bucket if it is missing; several may try at once. @throws OutputError `storage_unavailable`. */
  ensure(): Promise<void>;
}

/** A path is written with one content only, so that whoever has it may keep it: a year. */
const cacheControl = '31536000, immutable';

/** The private bucket in Supabase Storage that outputs are kept in. */
export function createOutputBucket({ supabaseUrl, secretKey, bucket, timeoutMs }: OutputBucketOptions): OutputBucket {
  /** What ends the request with this body: the client has no place to hand a signal through. */
  const ends = new WeakMap<object, AbortSignal>();
  const { storage } = createClient(supabaseUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) => {
        const { body } = init ?? {};
        const end = typeof body === 'object' && body !== null ? ends.get(body) : undefined;
        // To be able to follow a redirect, fetch would keep all of a streamed body in memory (nodejs/undici#4058).
        return fetch(input, { ...init, redirect: 'error', signal: end ?? AbortSignal.timeout(timeoutMs) });
      },
    },
  });
  const options = { cacheControl, upsert: true };

  async function uploadFile({ path, contentType, signal }: Upload, { file, bytes }: SpooledFile): Promise<void> {
    const stream = createReadStream(file);
    const stall = watchStall(stream, timeoutMs);
    ends.set(stream, AbortSignal.any([signal, stall.signal]));
    try {
      // With its length the storage can pass the body on as it comes, and notices when some of it is missing.
      const headers = { 'content-length': String(bytes) };
      const { error } = await storage.from(bucket).upload(path, stream, { ...options, contentType, headers });
      signal.throwIfAborted();
      if (error) throw storageError(error);
    } finally {
      stall.stop();
      stream.destroy();
    }
  }

  return {
    async upload(upload) {
      const { path, content, contentType } = upload;
      if (!(content instanceof Uint8Array)) return uploadFile(upload, content);
      const { error } = await storage.from(bucket).upload(path, content, { ...options, contentType });
      if (error) throw storageError(error);
    },
    async check(path, bytes) {
      const { data, error } = await storage.from(bucket).info(path);
      if (error) throw missing(`${path}: ${error.message}`, error);
      // The hosted service states the size beside the metadata, @supabase/lite within them.
      const size: unknown = data.size ?? data.metadata?.contentLength;
      if (size !== bytes) throw missing(`${path}: ${size} instead of ${bytes} bytes`);
    },
    async ensure() {
      if ((await storage.getBucket(bucket)).data) return;
      const { error } = await storage.createBucket(bucket, { public: false });
      if (!error) return;
      // Another worker may have been first, which only a second look tells for sure.
      if (!(await storage.getBucket(bucket)).data) throw storageError(error);
    },
  };
}

/** A signal for when nothing has been read from a file for `timeoutMs` to twice that, its end included. */
function watchStall(stream: ReadStream, timeoutMs: number): { signal: AbortSignal; stop(): void } {
  const abort = new AbortController();
  let bytesBefore = -1;
  const timer = setInterval(() => {
    if (stream.bytesRead === bytesBefore) abort.abort(new Error(`nothing moved for ${timeoutMs} ms`));
    bytesBefore = stream.bytesRead;
  }, timeoutMs);
  return { signal: abort.signal, stop: () => clearInterval(timer) };
}

function storageError(error: { message: string; status?: number | undefined }): OutputError {
  const { status } = error;
  // Larger than the storage takes; it will not get smaller.
  if (status === 413) return new OutputError('output_invalid', 'larger than the storage takes', { cause: error });
  // Without a status there was no answer at all.
  const isPassing = status === undefined || status >= 500 || status === 429 || status === 408;
  return new OutputError('storage_unavailable', `storage: ${status ?? 'no answer'} ${error.message}`, {
    isPassing,
    cause: error,
  });
}

function missing(message: string, cause?: unknown): OutputError {
  return new OutputError('storage_unavailable', `not readable after the upload: ${message}`, {
    isPassing: true,
    cause,
  });
}
