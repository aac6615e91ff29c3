import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Sharp } from 'sharp';
import { findImageEnd, type ImageFormat } from './find-image-end.ts';
import { OutputError } from './output-error.ts';

export interface InspectedImage {
  contentType: string;
  /** Without the dot. */
  extension: string;
  /** In pixels, as shown. */
  width: number;
  height: number;
  /** WebP, 512 pixels on the long side at most. */
  thumbnail: Buffer;
}

const kinds = new Map<string, { format: ImageFormat; extension: string }>([
  ['image/jpeg', { format: 'jpeg', extension: 'jpg' }],
  ['image/png', { format: 'png', extension: 'png' }],
  ['image/webp', { format: 'webp', extension: 'webp' }],
]);
const pixelsMax = 100_000_000;
const thumbnailSide = 512;
const paddingBytesMax = 65_536;
const decodeSecondsMax = 30;

// One thread per picture: how many are decoded at a time is decided by the caller. The cache would only hold memory.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Recognises a picture by its content, decodes all of it, measures it and makes its thumbnail.
 * @throws OutputError `output_invalid` for everything but one whole, still JPEG, PNG or WebP picture.
 */
export async function inspectImage(bytes: Uint8Array): Promise<InspectedImage> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = await fileTypeFromBuffer(buffer);
  const kind = kinds.get(type?.mime ?? '');
  if (!type || !kind) throw invalid(`content is ${type?.mime ?? 'of no known type'}`);
  checkEnd(buffer, kind.format);
  try {
    const metadata = await open(buffer).metadata();
    if (metadata.format !== kind.format) throw invalid(`a ${kind.format} that decodes as ${metadata.format}`);
    if ((metadata.pages ?? 1) > 1) throw invalid('an animation');
    const { width, height } = metadata.autoOrient;
    const thumbnail = await open(buffer)
      .autoOrient()
      .resize({ width: thumbnailSide, height: thumbnailSide, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80 })
      .timeout({ seconds: decodeSecondsMax })
      .toBuffer();
    return { contentType: type.mime, extension: kind.extension, width, height, thumbnail };
  } catch (error) {
    if (error instanceof OutputError) throw error;
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function open(buffer: Buffer): Sharp {
  return sharp(buffer, { failOn: 'error', limitInputPixels: pixelsMax, sequentialRead: true });
}

function checkEnd(buffer: Buffer, format: ImageFormat): void {
  const end = findImageEnd(buffer, format);
  if (end === null) throw invalid(`a broken ${format}`);
  // Encoders pad with zeros at times; anything else behind the picture is another file riding on it.
  const rest = buffer.subarray(end);
  if (rest.length > paddingBytesMax || rest.some((byte) => byte !== 0))
    throw invalid(`a ${format} with something behind it`);
}

function invalid(message: string): OutputError {
  return new OutputError('output_invalid', message);
}
