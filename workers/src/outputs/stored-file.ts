import type { OutputFile, Provider } from '../providers/provider.ts';

export type MediaType = 'video' | 'audio';

export interface StoreRequest {
  file: OutputFile;
  /** What the job has ordered; anything else is refused. */
  type: 'image' | MediaType;
  provider: Pick<Provider, 'isOutputHost'>;
  /** `<organization_id>/<job_id>/<index>`: always the same for the same output, so that storing twice changes nothing. */
  path: string;
  signal: AbortSignal;
}

export interface StoredFile {
  path: string;
  /** Images have one. */
  thumbnailPath: string | null;
  contentType: string;
  /** In pixels; null for audio, and for video that does not say. */
  width: number | null;
  height: number | null;
  /** Read from the file; null for images, and for formats that need not say. */
  durationSeconds: number | null;
  /** Length of the original. */
  bytes: number;
}
