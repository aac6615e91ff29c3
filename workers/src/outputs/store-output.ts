import { buffer } from 'node:stream/consumers';
import type { Config } from '@base/shared/config/env-schema';
import type { OutputFile, Provider } from '../providers/provider.ts';
import { customHosts, type ProvidersConfig } from '../providers/registry.ts';
import { fetchOutput } from './fetch-output.ts';
import { inspectImage } from './inspect-image.ts';
import { createOutputBucket } from './output-bucket.ts';
import { OutputError } from './output-error.ts';
import { retryPassing } from './retry-passing.ts';
import { Semaphore } from './semaphore.ts';

export interface StoreRequest {
  file: OutputFile;
  provider: Pick<Provider, 'isOutputHost'>;
  /** `<organization_id>/<job_id>/<index>`: always the same for the same output, so that storing twice changes nothing. */
  path: string;
  signal: AbortSignal;
}

export interface StoredFile {
  path: string;
  thumbnailPath: string;
  contentType: string;
  width: number;
  height: number;
  /** Length of the original. */
  bytes: number;
}

export interface OutputStore {
  /** @throws OutputError when the output cannot be had, is not usable or cannot be written; the signal's reason. */
  store(request: StoreRequest): Promise<StoredFile>;
  /** Creates the private bucket if it is missing. */
  ensureBucket(): Promise<void>;
}

export type OutputStoreConfig = ProvidersConfig &
  Pick<Config, 'SUPABASE_URL' | 'SUPABASE_SECRET_KEY' | 'STORAGE_BUCKET'>;

export interface OutputLimits {
  imageBytesMax: number;
  /** For fetching one output. */
  fetchTimeoutMs: number;
  /** For one request to the storage. */
  storageTimeoutMs: number;
}

const defaultLimits: OutputLimits = {
  imageBytesMax: 60 * 1024 * 1024,
  fetchTimeoutMs: 60_000,
  storageTimeoutMs: 60_000,
};

/** Outputs are held in memory while they are stored; together with the size cap this bounds the memory of a worker. */
const storingMax = 16;
/** A decoded picture takes up to 400 MB, so few are decoded at a time. */
const decodingMax = 2;

/** Brings outputs from providers into Supabase Storage, with their thumbnails. */
export function createOutputStore(config: OutputStoreConfig, limits: Partial<OutputLimits> = {}): OutputStore {
  const { imageBytesMax, fetchTimeoutMs, storageTimeoutMs } = { ...defaultLimits, ...limits };
  const trustedHosts = customHosts(config);
  const storing = new Semaphore(storingMax);
  const decoding = new Semaphore(decodingMax);
  const bucket = createOutputBucket({
    supabaseUrl: config.SUPABASE_URL,
    secretKey: config.SUPABASE_SECRET_KEY,
    bucket: config.STORAGE_BUCKET,
    timeoutMs: storageTimeoutMs,
  });

  async function read({ file, provider, signal }: StoreRequest): Promise<Uint8Array> {
    if (file.kind === 'url') {
      const isOutputHost = (host: string) => provider.isOutputHost(host);
      const common = { trustedHosts, bytesMax: imageBytesMax, timeoutMs: fetchTimeoutMs };
      const fetchAll = async () => buffer(await fetchOutput({ url: file.url, isOutputHost, ...common, signal }));
      return retryPassing(fetchAll, signal);
    }
    if (file.bytes.length > imageBytesMax) {
      throw new OutputError('output_invalid', `longer than ${imageBytesMax} bytes`);
    }
    return file.bytes;
  }

  async function store(request: StoreRequest): Promise<StoredFile> {
    const { path, signal } = request;
    signal.throwIfAborted();
    const bytes = await read(request);
    const image = await decoding.run(() => inspectImage(bytes));
    const original = `${path}.${image.extension}`;
    const thumbnailPath = `${path}.thumb.webp`;
    const upload = (to: string, content: Uint8Array, contentType: string) =>
      retryPassing(() => bucket.upload(to, content, contentType), signal);
    signal.throwIfAborted();
    const uploads = await Promise.allSettled([
      upload(original, bytes, image.contentType),
      upload(thumbnailPath, image.thumbnail, 'image/webp'),
    ]);
    // Both are over before either is judged, so that nothing is written after this call has ended.
    for (const result of uploads) if (result.status === 'rejected') throw result.reason;
    const { contentType, width, height } = image;
    return { path: original, thumbnailPath, contentType, width, height, bytes: bytes.length };
  }

  return {
    store: (request) => storing.run(() => store(request)),
    ensureBucket: () => retryPassing(() => bucket.ensure(), AbortSignal.timeout(storageTimeoutMs)),
  };
}
