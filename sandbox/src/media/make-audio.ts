const mp3SampleRate = 44_100;
const mp3FrameSamples = 1152;
const mp3BitsPerSecond = 128_000;
/** Readers look at some frames before they believe that a file is an MP3. */
const mp3FramesMin = 4;
/** MPEG-1 layer III without checksum, 128 kbit/s, 44.1 kHz, one channel; the padding bit is 0x200. */
const mp3Header = 0xfffb90c0;
const mp3PaddingBit = 0x200;

const bytesPerSample = 2;
const wavHeaderBytes = 44;

/**
 * A silent MP3 at a constant bit rate: as many frames of 1152/44100 s as come closest to `seconds`, four at least.
 * A frame whose side information is all zeros holds no sound, so that nothing has to be encoded.
 */
export function makeMp3(seconds: number): Buffer {
  const frames = Math.max(mp3FramesMin, Math.round((seconds * mp3SampleRate) / mp3FrameSamples));
  const endOf = (frame: number) => Math.floor((frame * mp3FrameSamples * mp3BitsPerSecond) / 8 / mp3SampleRate);
  const shortest = endOf(1);
  const bytes = Buffer.alloc(endOf(frames));
  for (let frame = 0; frame < frames; frame += 1) {
    // A frame is padded by a byte wherever the constant rate would otherwise fall behind.
    const isPadded = endOf(frame + 1) - endOf(frame) > shortest;
    bytes.writeUInt32BE(isPadded ? mp3Header + mp3PaddingBit : mp3Header, endOf(frame));
  }
  return bytes;
}

/** Silence as bare samples: 16 bits, little-endian, one channel. */
export function makePcm(seconds: number, sampleRate: number): Buffer {
  return Buffer.alloc(Math.round(seconds * sampleRate) * bytesPerSample);
}

/** The same in a RIFF/WAVE file. */
export function makeWav(seconds: number, sampleRate: number): Buffer {
  const samples = makePcm(seconds, sampleRate);
  const header = Buffer.alloc(wavHeaderBytes);
  header.write('RIFF', 0);
  header.writeUInt32LE(wavHeaderBytes - 8 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // Plain PCM.
  header.writeUInt16LE(1, 22); // One channel.
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * bytesPerSample, 28);
  header.writeUInt16LE(bytesPerSample, 32);
  header.writeUInt16LE(bytesPerSample * 8, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
