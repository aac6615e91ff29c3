import { parseBuffer } from 'music-metadata';
import { expect, test } from 'vitest';
import { makeMp4, type VideoSettings } from './make-video.ts';

function plain(width: number, height: number, shade: number) {
  return { rgb: Buffer.alloc(width * height * 3, shade), width, height };
}

async function read(width: number, height: number, settings: VideoSettings) {
  const { start, byteLength } = makeMp4(plain(width, height, 0), settings);
  const whole = Buffer.concat([start, Buffer.alloc(byteLength - start.length)]);
  const { format } = await parseBuffer(whole, { mimeType: 'video/mp4' }, { duration: true });
  return { format, whole, start };
}

test.each([
  [1280, 720, 5],
  [1920, 1080, 6],
  [1366, 768, 10],
  [64, 64, 5],
])('a video of %i×%i and %i s is read as just that', async (width, height, seconds) => {
  const { format, whole, start } = await read(width, height, { seconds, bytes: null });
  expect(format).toMatchObject({ container: expect.stringContaining('isom'), hasVideo: true });
  expect(format.trackInfo).toMatchObject([
    { codecName: '<avc1>', duration: seconds, video: { pixelWidth: width, pixelHeight: height } },
  ]);
  expect(whole).toHaveLength(start.length);
});

test('bytes pads the media box, so that the file is that long and reads the same', async () => {
  const { format, whole, start } = await read(64, 64, { seconds: 5, bytes: 500_000 });
  expect(format.trackInfo[0]?.duration).toBe(5);
  expect(whole).toHaveLength(500_000);
  expect(start.length).toBeLessThan(10_000);
  expect(boxes(whole).map(({ name }) => name)).toEqual(['ftyp', 'moov', 'mdat']);
  expect((await read(64, 64, { seconds: 5, bytes: 10 })).whole).toHaveLength(start.length);
});

test('a file of 4 GB is announced, not held', () => {
  const { start, byteLength } = makeMp4(plain(64, 64, 0), { seconds: 5, bytes: 4_000_000_000 });
  expect(byteLength).toBe(4_000_000_000);
  expect(boxes(start).at(-1)).toMatchObject({ name: 'mdat', end: 4_000_000_000 });
});

test('the index names all frames, and the first of them holds the picture', () => {
  const { start } = makeMp4(plain(32, 16, 255), { seconds: 1, bytes: null });
  const media = boxes(start).at(-1)?.start ?? 0;
  const lengths = sampleLengths(start);
  expect(lengths).toHaveLength(24);
  expect(media + 8 + lengths.reduce((sum, length) => sum + length, 0)).toBe(start.length);
  // Every frame is one unit with its length before it: a whole one, then 23 that repeat it.
  let at = media + 8;
  const types = lengths.map((length) => {
    expect(start.readUInt32BE(at)).toBe(length - 4);
    const type = (start[at + 4] ?? 0) & 31;
    at += length;
    return type;
  });
  expect(types).toEqual([5, ...Array(23).fill(1)]);
  // White is luma 235 in video range, and both chroma planes are grey. The last byte is the stop bit.
  const samples = [...start.subarray(media + 8, media + 8 + (lengths[0] ?? 0) - 1)];
  expect(samples.filter((sample) => sample === 235)).toHaveLength(32 * 16);
  expect(samples.filter((sample) => sample === 128)).toHaveLength((32 * 16) / 2);
});

function boxes(file: Buffer) {
  const found: { name: string; start: number; end: number }[] = [];
  for (let start = 0; start < file.length; start = found.at(-1)?.end ?? file.length) {
    found.push({
      name: file.toString('latin1', start + 4, start + 8),
      start,
      end: start + file.readUInt32BE(start),
    });
  }
  return found;
}

function sampleLengths(file: Buffer): number[] {
  const table = file.indexOf('stsz') + 12;
  return Array.from({ length: file.readUInt32BE(table) }, (_, index) => file.readUInt32BE(table + 4 + index * 4));
}
