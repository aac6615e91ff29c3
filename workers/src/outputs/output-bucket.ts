import { createClient } from '@supabase/supabase-js';
import { OutputError } from './output-error.ts';

export interface OutputBucketOptions {
  supabaseUrl: string;
  secretKey: string;
  bucket: string;
  /** Longest wait for one request to the storage. */
  timeoutMs: number;
}

export interface OutputBucket {
  /** Writes a file, over one that is there. @throws OutputError `storage_unavailable`, passing when it may work later. */
  upload(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Creates the private bucket if it is missing; several may try at once. @throws OutputError `storage_unavailable`. */
  ensure(): Promise<void>;
}

/** A path is written with one content only, so that whoever has it may keep it: a year. */
const cacheControl = '31536000, immutable';

/** The private bucket in Supabase Storage that outputs are kept in. */
export function createOutputBucket({ supabaseUrl, secretKey, bucket, timeoutMs }: OutputBucketOptions): OutputBucket {
  const { storage } = createClient(supabaseUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
    },
  });
  return {
    async upload(path, bytes, contentType) {
      const { error } = await storage.from(bucket).upload(path, bytes, { contentType, cacheControl, upsert: true });
      if (error) throw storageError(error);
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

function storageError(error: { message: string; status?: number | undefined }): OutputError {
  const { status } = error;
  // Without a status there was no answer at all.
  const isPassing = status === undefined || status >= 500 || status === 429 || status === 408;
  return new OutputError('storage_unavailable', `storage: ${status ?? 'no answer'} ${error.message}`, {
    isPassing,
    cause: error,
  });
}
