export type ImageFormat = 'jpeg' | 'png' | 'webp';

/**
 * Where the picture in `bytes` ends by its own structure, as an offset; null when the structure is broken. What lies
 * behind is not part of it: archives, pages or programs riding on a picture usually sit there.
 */
export function findImageEnd(bytes: Buffer, format: ImageFormat): number | null {
  const end = finders[format](bytes);
  return end !== null && end <= bytes.length ? end : null;
}

const finders: Record<ImageFormat, (bytes: Buffer) => number | null> = {
  jpeg: findJpegEnd,
  png: findPngEnd,
  webp: (bytes) => (bytes.length < 12 ? null : bytes.readUInt32LE(4) + 8),
};

/** Chunks are length (4 bytes), name (4), data and checksum (4); IEND is the last. */
function findPngEnd(bytes: Buffer): number | null {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const next = at + 12 + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return next;
    at = next;
  }
  return null;
}

/** Segments are FF, marker, length (2 bytes, counting itself), data; a scan's data runs to the next real marker. */
function findJpegEnd(bytes: Buffer): number | null {
  const startOfScan = 0xda;
  const endOfImage = 0xd9;
  let at = 2;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    if (marker === endOfImage) return at + 2;
    if (marker === 0xff) {
      at += 1; // Markers may be padded with FF.
    } else if (isStandalone(marker)) {
      at += 2;
    } else {
      if (at + 4 > bytes.length) return null;
      at += 2 + bytes.readUInt16BE(at + 2);
      if (marker === startOfScan) at = findNextMarker(bytes, at);
    }
  }
  return null;
}

/** In a scan FF 00 stands for a plain FF, and restart markers are part of the data. */
function findNextMarker(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at !== -1 && at + 1 < bytes.length) {
    const marker = bytes[at + 1] ?? 0;
    if (marker !== 0 && !isStandalone(marker)) return at;
    at = bytes.indexOf(0xff, at + 2);
  }
  return bytes.length;
}

/** Markers without a length: TEM and the restarts. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}
