/** Raw RGB, three bytes a pixel, row by row. Both sides are even, because H.264 crops by twos. */
export interface Pixels {
  rgb: Buffer;
  width: number;
  height: number;
}

/** An H.264 stream as MP4 holds it: the parameter sets apart, each frame with its length before it. */
export interface EncodedVideo {
  sequenceParameters: Buffer;
  pictureParameters: Buffer;
  frames: Buffer[];
}

const block = 16;
/** Luma of 16×16 and two chroma planes of 8×8. */
const blockBytes = 384;
/** Constrained baseline, level 4.0: up to 1920×1080. */
const profile = [66, 0xc0, 40] as const;
const unitTypes = { skippedFrame: 0x21, wholeFrame: 0x65, sequenceParameters: 0x67, pictureParameters: 0x68 } as const;
/** Frames are numbered modulo 16, as the sequence parameters say. */
const frameNumberBits = 4;

/**
 * Encodes a picture that stands still for `frameCount` frames. The first frame holds its samples uncompressed (I_PCM),
 * the others say that nothing has changed, so that what plays everywhere needs no encoder. The clauses named here are
 * those of ITU-T H.264.
 */
export function encodeStill(pixels: Pixels, frameCount: number): EncodedVideo {
  const [columns, rows] = [Math.ceil(pixels.width / block), Math.ceil(pixels.height / block)];
  const frames = [withLength(encodeWholeFrame(pixels, columns, rows))];
  for (let number = 1; number < frameCount; number += 1) {
    frames.push(withLength(encodeSkippedFrame(number, columns * rows)));
  }
  return {
    sequenceParameters: encodeSequenceParameters(pixels, columns, rows),
    pictureParameters: encodePictureParameters(),
    frames,
  };
}

/** 7.3.2.1.1: one reference frame, no fields; what exceeds the picture on the right and at the bottom is cropped. */
function encodeSequenceParameters({ width, height }: Pixels, columns: number, rows: number): Buffer {
  const bits = new BitWriter();
  for (const byte of profile) bits.write(byte, 8);
  // Set 0; frame numbers of 4 bits; order of output = order of decoding (type 2); one reference frame.
  for (const value of [0, frameNumberBits - 4, 2, 1]) bits.writeExpGolomb(value);
  bits.write(0, 1);
  bits.writeExpGolomb(columns - 1);
  bits.writeExpGolomb(rows - 1);
  bits.write(0b11, 2);
  const [right, bottom] = [(columns * block - width) / 2, (rows * block - height) / 2];
  bits.write(1, 1);
  for (const value of [0, right, 0, bottom]) bits.writeExpGolomb(value);
  bits.write(0, 1);
  return unit(unitTypes.sequenceParameters, bits.end());
}

/** 7.3.2.2: variable-length codes, one slice group, and slices may switch the deblocking filter off. */
function encodePictureParameters(): Buffer {
  const bits = new BitWriter();
  for (const value of [0, 0]) bits.writeExpGolomb(value);
  bits.write(0, 2);
  for (const value of [0, 0, 0]) bits.writeExpGolomb(value);
  bits.write(0, 3);
  for (const value of [0, 0, 0]) bits.writeExpGolomb(value);
  bits.write(0b100, 3);
  return unit(unitTypes.pictureParameters, bits.end());
}

/** 7.3.3 to 7.3.5: an intra slice of all blocks. */
function encodeWholeFrame(pixels: Pixels, columns: number, rows: number): Buffer {
  const bits = new BitWriter();
  writeSliceHeader(bits, { sliceType: 7, frameNumber: 0 });
  // Blocks of the type I_PCM, which is 25, begin on a byte.
  bits.writeExpGolomb(25);
  const start = unit(unitTypes.wholeFrame, bits.align());
  const nextBlock = Buffer.from([0x0d, 0x00]);
  const frame = Buffer.alloc(start.length + columns * rows * (blockBytes + nextBlock.length) - nextBlock.length + 1);
  let at = start.copy(frame);
  for (let index = 0; index < columns * rows; index += 1) {
    if (index > 0) at += nextBlock.copy(frame, at);
    at = writeBlock(frame, at, pixels, (index % columns) * block, Math.floor(index / columns) * block);
  }
  // The stop bit. Samples are 16 or more, so that nothing in them looks like the start of a unit (7.4.1).
  frame[at] = 0x80;
  return frame;
}

/** 7.3.4: a slice that skips all blocks, so that they stay as they were. */
function encodeSkippedFrame(number: number, blockCount: number): Buffer {
  const bits = new BitWriter();
  writeSliceHeader(bits, { sliceType: 5, frameNumber: number % 2 ** frameNumberBits });
  bits.writeExpGolomb(blockCount);
  return unit(unitTypes.skippedFrame, bits.end());
}

function writeSliceHeader(bits: BitWriter, slice: { sliceType: 5 | 7; frameNumber: number }): void {
  for (const value of [0, slice.sliceType, 0]) bits.writeExpGolomb(value);
  bits.write(slice.frameNumber, frameNumberBits);
  if (slice.sliceType === 7) {
    bits.writeExpGolomb(0);
    bits.write(0, 2);
  } else {
    bits.write(0, 3);
  }
  // The quantiser as it is, and no deblocking: 0 as a signed value, then 1.
  for (const value of [0, 1]) bits.writeExpGolomb(value);
}

/** Writes the samples of one block as YCbCr (BT.601, video range) with a chroma pair for four pixels. */
function writeBlock(out: Buffer, at: number, { rgb, width, height }: Pixels, left: number, top: number): number {
  let [luma, blue, red] = [at, at + 256, at + 320];
  for (let y = top; y < top + block; y += 1) {
    const row = Math.min(y, height - 1) * width;
    for (let x = left; x < left + block; x += 1) {
      const pixel = (row + Math.min(x, width - 1)) * 3;
      const [r, g, b] = [rgb[pixel] ?? 0, rgb[pixel + 1] ?? 0, rgb[pixel + 2] ?? 0];
      out[luma++] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      if (x % 2 === 0 && y % 2 === 0) {
        out[blue++] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
        out[red++] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
      }
    }
  }
  return at + blockBytes;
}

/** A unit with its type before it and escapes in it (7.3.1): two zero bytes are never followed by one below 4. */
function unit(type: number, payload: Buffer): Buffer {
  const bytes = [type];
  for (const byte of payload) {
    if (byte < 4 && bytes.length > 2 && bytes.at(-1) === 0 && bytes.at(-2) === 0) bytes.push(3);
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}

function withLength(frame: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

class BitWriter {
  #bits = '';

  write(value: number, count: number): void {
    this.#bits += value.toString(2).padStart(count, '0');
  }

  /** 9.1: as many zeros as there are digits after the first, then the number plus one. */
  writeExpGolomb(value: number): void {
    const digits = (value + 1).toString(2);
    this.#bits += '0'.repeat(digits.length - 1) + digits;
  }

  /** The bytes so far, the last one filled up with zeros. */
  align(): Buffer {
    const bytes = this.#bits.match(/.{1,8}/g) ?? [];
    return Buffer.from(bytes.map((digits) => Number.parseInt(digits.padEnd(8, '0'), 2)));
  }

  /** The same after the stop bit. */
  end(): Buffer {
    this.#bits += '1';
    return this.align();
  }
}
