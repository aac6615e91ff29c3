// For tests: small, real files of the kinds that providers deliver, built as their formats describe them.

interface Mp4Options {
  seconds: number;
  /** With a picture of this size; without one it holds sound only. */
  picture?: { width: number; height: number };
  /** Major brand; `qt  ` makes it a QuickTime file, `M4A ` an audio file. */
  brand?: string;
  mediaBytes?: number;
  /** As recorders write it; else it is ready to be played from the start. */
  isIndexLast?: boolean;
}

/** ISO 14496-12: boxes of length, name and content, with one track. The samples themselves are zeros. */
export function makeMp4(options: Mp4Options): Buffer {
  const { mediaBytes = 1_000, isIndexLast = false } = options;
  const media = box('mdat', Buffer.alloc(mediaBytes));
  const { type, index } = makeMp4Parts(options);
  return Buffer.concat(isIndexLast ? [type, media, index] : [type, index, media]);
}

/** What stands around the samples of an MP4 file. */
export function makeMp4Parts({ seconds, picture, brand = 'isom' }: Mp4Options): { type: Buffer; index: Buffer } {
  const type = box('ftyp', text(brand), u32(0x200), text(brand), text('mp42'));
  const duration = [u32(1_000), u32(Math.round(seconds * 1_000))];
  const matrix = Buffer.alloc(36);
  const movieHeader = fullBox('mvhd', u32(0, 0), ...duration, Buffer.alloc(16), matrix, Buffer.alloc(24), u32(2));
  const size = picture ? u32(picture.width * 65_536, picture.height * 65_536) : u32(0, 0);
  const trackHeader = fullBox('tkhd', u32(0, 0, 1, 0), ...duration.slice(1), Buffer.alloc(16), matrix, size);
  const mediaHeader = fullBox('mdhd', u32(0, 0), ...duration, u16(0x55c4, 0));
  const handler = fullBox('hdlr', u32(0), text(picture ? 'vide' : 'soun'), Buffer.alloc(13));
  const samples = box(
    'stbl',
    fullBox('stsd', u32(1), picture ? pictureEntry(picture) : soundEntry()),
    ...['stts', 'stsc', 'stco'].map((name) => fullBox(name, u32(0))),
    fullBox('stsz', u32(0, 0)),
  );
  const track = box('trak', trackHeader, box('mdia', mediaHeader, handler, box('minf', samples)));
  return { type, index: box('moov', movieHeader, track) };
}

export function box(name: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(8 + body.length), text(name), body]);
}

function fullBox(name: string, ...content: Buffer[]): Buffer {
  return box(name, u32(0), ...content);
}

function pictureEntry({ width, height }: { width: number; height: number }): Buffer {
  return box('avc1', Buffer.alloc(6), u16(1), Buffer.alloc(16), u16(width, height), Buffer.alloc(50));
}

function soundEntry(): Buffer {
  return box('mp4a', Buffer.alloc(6), u16(1), Buffer.alloc(8), u16(1, 16, 0, 0), u32(44_100 * 65_536));
}

/** EBML as Matroska and WebM use it: ids, lengths, contents. A live recording does not know how long it will be. */
export function makeWebm(options: { seconds: number | null; width: number; height: number }): Buffer {
  const { seconds, width, height } = options;
  const length = Buffer.alloc(8);
  length.writeDoubleBE((seconds ?? 0) * 1_000);
  const info = element('1549a966', element('2ad7b1', u32(1_000_000)), ...(seconds ? [element('4489', length)] : []));
  const video = element('e0', element('b0', u16(width)), element('ba', u16(height)));
  const track = element(
    'ae',
    element('d7', u8(1)),
    element('73c5', u8(1)),
    element('83', u8(1)),
    element('86', text('V_VP9')),
    video,
  );
  const outer = seconds === null ? openElement : element;
  const cluster = outer('1f43b675', element('e7', u8(0)), element('a3', Buffer.alloc(500)));
  const header = element('1a45dfa3', element('4282', text('webm')));
  return Buffer.concat([header, outer('18538067', info, element('1654ae6b', track), cluster)]);
}

/** Lengths are of five bytes: a mark, and a number of four. */
function element(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from(id, 'hex'), u8(0x08), u32(body.length), body]);
}

/** All ones: of unknown length. */
function openElement(id: string, ...content: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(id, 'hex'), Buffer.from('01ffffffffffffff', 'hex'), ...content]);
}

/** RIFF/WAVE, 16 bits, one channel. A stream states the longest length there is, as its end is not known yet. */
export function makeWav(seconds: number, options: { isStream?: boolean } = {}): Buffer {
  const rate = 24_000;
  const samples = Buffer.alloc(seconds * rate * 2);
  const lengthOf = (bytes: number) => (options.isStream ? 0xffff_ffff : bytes);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(lengthOf(36 + samples.length), 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(lengthOf(samples.length), 40);
  return Buffer.concat([header, samples]);
}

/** Frames of MPEG-1 layer III at 44.1 kHz: 1152 samples each; all at 128 kbit/s, or every other at 160. */
export function makeMp3(frames: number, options: { isVariable?: boolean } = {}): Buffer {
  const parts = Array.from({ length: frames }, (_, index) => {
    const [code, bitRate] = options.isVariable && index % 2 === 1 ? [0xa0, 160_000] : [0x90, 128_000];
    const frame = Buffer.alloc(Math.floor((144 * bitRate) / 44_100));
    frame.set([0xff, 0xfb, code, 0xc4]);
    return frame;
  });
  return Buffer.concat(parts);
}

/** ADTS frames of AAC at 44.1 kHz: 1024 samples each. */
export function makeAac(frames: number): Buffer {
  const frame = Buffer.alloc(371);
  frame.set([0xff, 0xf1, 0x50, 0x80, frame.length >> 3, ((frame.length & 7) << 5) | 0x1f, 0xfc]);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

/** A FLAC header at 48 kHz. A live encoder states no samples. */
export function makeFlac(seconds: number | null): Buffer {
  const info = Buffer.alloc(34);
  info.writeUInt16BE(4_096, 0);
  info.writeUInt16BE(4_096, 2);
  info.writeUInt32BE((48_000 << 12) | (1 << 9) | (15 << 4), 10);
  info.writeUInt32BE((seconds ?? 0) * 48_000, 14);
  return Buffer.concat([text('fLaC'), u8(0x80, 0, 0, info.length), info, Buffer.alloc(500)]);
}

/** Opus in Ogg pages, of which the last says how many samples there were, at 48 kHz. */
export function makeOpus(seconds: number): Buffer {
  const head = Buffer.concat([text('OpusHead'), u8(1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)]);
  const tags = Buffer.concat([text('OpusTags'), Buffer.alloc(8)]);
  const pages = [page(2, 0, 0, head), page(0, 0, 1, tags), page(4, seconds * 48_000, 2, Buffer.alloc(200))];
  return Buffer.concat(pages);
}

function page(flags: number, samples: number, number: number, content: Buffer): Buffer {
  const header = Buffer.alloc(28);
  header.write('OggS', 0);
  header.writeUInt8(flags, 5);
  header.writeBigUInt64LE(BigInt(samples), 6);
  header.writeUInt32LE(1, 14);
  header.writeUInt32LE(number, 18);
  header.writeUInt8(1, 26);
  header.writeUInt8(content.length, 27);
  return Buffer.concat([header, content]);
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

function u16(...values: number[]): Buffer {
  const buffer = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => {
    buffer.writeUInt16BE(value, 2 * index);
  });
  return buffer;
}

function u32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    buffer.writeUInt32BE(value, 4 * index);
  });
  return buffer;
}
