import { describe, expect, it } from 'vitest';
import { describeRawAudio } from './describe-raw-audio.ts';

const refused = expect.objectContaining({ name: 'OutputError', code: 'output_invalid' });

describe('describeRawAudio', () => {
  it.each([
    ['audio/pcm;rate=24000', 48_000, 'pcm', 1, 'audio/pcm;rate=24000'],
    ['Audio/PCM; rate="16000"', 8_000, 'pcm', 0.25, 'audio/pcm;rate=16000'],
    ['audio/ulaw', 12_000, 'ulaw', 1.5, 'audio/ulaw'],
    ['audio/basic', 8_000, 'ulaw', 1, 'audio/basic'],
    ['audio/PCMA', 4, 'alaw', 0.001, 'audio/pcma'],
  ])('tells how long %s of %d bytes lasts', (stated, bytes, extension, durationSeconds, contentType) => {
    const file = { contentType, extension, durationSeconds, width: null, height: null };
    expect(describeRawAudio(stated, bytes)).toEqual(file);
  });

  it.each(['audio/mpeg', 'audio/wav', 'application/json', 'video/mp4', '', 'pcm'])(
    'leaves %j to the content',
    (stated) => {
      expect(describeRawAudio(stated, 100)).toBeNull();
    },
  );

  it.each(['audio/pcm', 'audio/pcm;rate=0', 'audio/pcm;rate=fast', 'audio/pcm;rate=1e9', 'audio/pcm;rate=-8000'])(
    'refuses %s',
    (stated) => {
      expect(() => describeRawAudio(stated, 100)).toThrow(refused);
    },
  );

  it('refuses half a sample', () => {
    expect(() => describeRawAudio('audio/pcm;rate=24000', 101)).toThrow(refused);
  });
});
