import { type EncodedVideo, encodeStill, type Pixels } from './encode-still.ts';

/** A file without the zeros that may pad it out, which nobody has to hold in memory. */
export interface MediaFile {
  start: Buffer;
  /** With the padding. */
  byteLength: number;
}

export interface VideoSettings {
  seconds: number;
  /** About how long the file is to be; shorter than the video itself means no padding. */
  bytes: number | null;
}

const framesPerSecond = 24;
const ticksPerFrame = 512;
const ticksPerSecond = framesPerSecond * ticksPerFrame;
const trackNumber = 1;
/** The language code `und`. */
const undetermined = 0x55c4;
/** Neither turned nor scaled. */
const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/**
 * An MP4 that shows the picture for so many seconds: one track of H.264, the index before the media, so that it plays
 * while it loads. Padding is in the media box, behind the last frame. Box names are those of ISO/IEC 14496-12.
 */
export function makeMp4(pixels: Pixels, { seconds, bytes }: VideoSettings): MediaFile {
  const video = encodeStill(pixels, Math.max(1, Math.round(seconds * framesPerSecond)));
  const brands = box('ftyp', text('isom'), u32(512), text('isomiso2avc1mp41'));
  // The index says where the media is, and is as long wherever that may be.
  const mediaAt = brands.length + makeIndex(pixels, video, 0).length + 8;
  const framesLength = video.frames.reduce((sum, frame) => sum + frame.length, 0);
  const byteLength = Math.max(mediaAt + framesLength, bytes ?? 0);
  const mediaHeader = Buffer.concat([u32(byteLength - mediaAt + 8), text('mdat')]);
  const start = Buffer.concat([brands, makeIndex(pixels, video, mediaAt), mediaHeader, ...video.frames]);
  return { start, byteLength };
}

function makeIndex({ width, height }: Pixels, video: EncodedVideo, mediaAt: number): Buffer {
  const duration = video.frames.length * ticksPerFrame;
  const times = u32(0, 0, ticksPerSecond, duration);
  const mediaHeader = fullBox('mdhd', 0, times, u16(undetermined, 0));
  const handler = fullBox('hdlr', 0, u32(0), text('vide'), u32(0, 0, 0), Buffer.alloc(1));
  const reference = box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1)));
  const appearance = fullBox('vmhd', 1, u16(0, 0, 0, 0));
  const media = box('minf', appearance, reference, makeSampleTable(width, height, video, mediaAt));
  return box(
    'moov',
    fullBox('mvhd', 0, times, u32(0x10000), u16(0x100, 0), u32(0, 0), matrix, u32(0, 0, 0, 0, 0, 0, trackNumber + 1)),
    box(
      'trak',
      // 3: enabled and part of the presentation.
      fullBox('tkhd', 3, u32(0, 0, trackNumber, 0, duration, 0, 0, 0, 0), matrix, u32(width << 16, height << 16)),
      box('mdia', mediaHeader, handler, media),
    ),
  );
}

function makeSampleTable(width: number, height: number, video: EncodedVideo, mediaAt: number): Buffer {
  const count = video.frames.length;
  return box(
    'stbl',
    fullBox('stsd', 0, u32(1), makeSampleEntry(width, height, video)),
    fullBox('stts', 0, u32(1, count, ticksPerFrame)),
    fullBox('stss', 0, u32(1, 1)),
    fullBox('stsc', 0, u32(1, 1, count, 1)),
    fullBox('stsz', 0, u32(0, count, ...video.frames.map((frame) => frame.length))),
    fullBox('stco', 0, u32(1, mediaAt)),
  );
}

function makeSampleEntry(width: number, height: number, { sequenceParameters, pictureParameters }: EncodedVideo) {
  const configuration = box(
    'avcC',
    Buffer.from([1, ...sequenceParameters.subarray(1, 4), 0xff, 0xe1]),
    u16(sequenceParameters.length),
    sequenceParameters,
    Buffer.from([1]),
    u16(pictureParameters.length),
    pictureParameters,
  );
  const resolution = u32(72 << 16, 72 << 16, 0);
  const name = Buffer.alloc(32);
  return box(
    'avc1',
    u16(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, width, height),
    resolution,
    u16(1),
    name,
    u16(24, 0xffff),
    configuration,
  );
}

function box(name: string, ...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([u32(length), text(name), ...parts]);
}

/** A box with a version, which is 0 here, and flags. */
function fullBox(name: string, flags: number, ...parts: Buffer[]): Buffer {
  return box(name, u32(flags), ...parts);
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function text(letters: string): Buffer {
  return Buffer.from(letters, 'latin1');
}
