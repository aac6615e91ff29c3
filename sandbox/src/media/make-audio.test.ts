import { parseBuffer } from 'music-metadata';
import { expect, test } from 'vitest';
import { makeMp3, makePcm, makeWav } from './make-audio.ts';

test.each([0.01, 1, 2.5, 60])('an MP3 of %d s is read as just that, to the frame', async (seconds) => {
  const bytes = makeMp3(seconds);
  const { format } = await parseBuffer(bytes, { mimeType: 'audio/mpeg' }, { duration: true });
  const frames = Math.max(4, Math.round((seconds * 44_100) / 1152));
  expect(format).toMatchObject({
    container: 'MPEG',
    codec: 'MPEG 1 Layer 3',
    sampleRate: 44_100,
    bitrate: 128_000,
    numberOfChannels: 1,
  });
  expect(format.duration).toBeCloseTo((frames * 1152) / 44_100, 6);
  // A reader that divides the size by the bit rate comes to the same length.
  expect(Math.abs(bytes.length / 16_000 - (frames * 1152) / 44_100)).toBeLessThan(0.0001);
});

test.each([
  [1, 44_100],
  [2.5, 16_000],
  [0.25, 8_000],
])('a WAV of %d s at %i Hz is read as just that', async (seconds, sampleRate) => {
  const { format } = await parseBuffer(makeWav(seconds, sampleRate), { mimeType: 'audio/wav' });
  expect(format).toMatchObject({ container: 'WAVE', sampleRate, numberOfChannels: 1, bitsPerSample: 16 });
  expect(format.duration).toBeCloseTo(seconds, 6);
});

test('PCM is two bytes a sample', () => {
  expect(makePcm(1.5, 24_000)).toHaveLength(72_000);
});
