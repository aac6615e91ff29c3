import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { inspectMedia } from './inspect-media.ts';
import type { MediaType } from './stored-file.ts';
import { box, makeAac, makeFlac, makeMp3, makeMp4, makeMp4Parts, makeOpus, makeWav, makeWebm } from './test-media.ts';
import { drawTestPicture } from './test-pictures.ts';
import { withSpoolFile } from './with-spool-file.ts';

const refused = expect.objectContaining({ name: 'OutputError', code: 'output_invalid' });
const picture = { width: 1280, height: 720 };

function inspect(bytes: Uint8Array | string, type: MediaType, signal = AbortSignal.timeout(50_000)) {
  return withSpoolFile(async (file) => {
    await writeFile(file, bytes);
    return inspectMedia(file, type, signal);
  });
}

describe('video', () => {
  it.each([
    ['an MP4 file', 'video/mp4', 'mp4', makeMp4({ seconds: 5.042, picture })],
    [
      'an MP4 file with its index at the end',
      'video/mp4',
      'mp4',
      makeMp4({ seconds: 5.042, picture, isIndexLast: true }),
    ],
    [
      'an MP4 file as players of tablets name it',
      'video/mp4',
      'mp4',
      makeMp4({ seconds: 5.042, picture, brand: 'M4V ' }),
    ],
    ['a QuickTime file', 'video/quicktime', 'mov', makeMp4({ seconds: 5.042, picture, brand: 'qt  ' })],
    ['a WebM file', 'video/webm', 'webm', makeWebm({ seconds: 5.042, ...picture })],
  ])('recognises %s with its duration and dimensions', async (_title, contentType, extension, bytes) => {
    expect(await inspect(bytes, 'video')).toEqual({ contentType, extension, durationSeconds: 5.042, ...picture });
  });

  it('takes a live WebM recording, which knows no duration', async () => {
    const file = await inspect(makeWebm({ seconds: null, ...picture }), 'video');
    expect(file).toMatchObject({ contentType: 'video/webm', durationSeconds: null, ...picture });
  });

  it('takes an MP4 stream in fragments, whose index knows no duration', async () => {
    const stream = Buffer.concat([makeMp4({ seconds: 0, picture }), box('moof'), box('mdat', Buffer.alloc(500))]);
    const file = await inspect(stream, 'video');
    expect(file).toMatchObject({ contentType: 'video/mp4', durationSeconds: null, ...picture });
  });

  it('refuses a file that is cut short, wherever its index is', async () => {
    for (const isIndexLast of [false, true]) {
      const whole = makeMp4({ seconds: 5, picture, isIndexLast, mediaBytes: 50_000 });
      for (const share of [0.2, 0.6, 0.999]) {
        await expect(inspect(whole.subarray(0, whole.length * share), 'video')).rejects.toEqual(refused);
      }
    }
  });

  it('refuses pages, pictures, sound, archives and nothing at all', async () => {
    const others = [
      '<!doctype html><html><script>alert(1)</script></html>',
      '{"error":"expired"}',
      await drawTestPicture('png', 64, 64),
      makeWav(1),
      makeMp4({ seconds: 5 }),
      'PK\u0003\u0004',
      '',
    ];
    for (const other of others) await expect(inspect(other, 'video')).rejects.toEqual(refused);
  });

  it('refuses an index without a duration, or with an absurd one', async () => {
    for (const seconds of [0, 4_000_000]) {
      await expect(inspect(makeMp4({ seconds, picture }), 'video')).rejects.toEqual(refused);
    }
  });

  it('refuses a file made to use up the memory of its reader, and lives on', async () => {
    const { type, index } = makeMp4Parts({ seconds: 5, picture });
    const crowd = Buffer.alloc(5_000_000, box('free'));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(index.length + crowd.length);
    const crowded = Buffer.concat([type, length, index.subarray(4), crowd]);
    await expect(inspect(crowded, 'video')).rejects.toMatchObject({
      code: 'output_invalid',
      message: 'takes too much memory to read',
    });
  });
});

describe('audio', () => {
  it.each([
    ['an MP3 file', 'audio/mpeg', 'mp3', makeMp3(100), (100 * 1152) / 44_100],
    ['an MP3 file of varying bit rate', 'audio/mpeg', 'mp3', makeMp3(101, { isVariable: true }), (101 * 1152) / 44_100],
    ['a WAV file', 'audio/wav', 'wav', makeWav(2.5), 2.5],
    ['a WAV file that was streamed', 'audio/wav', 'wav', makeWav(2.5, { isStream: true }), 2.5],
    ['Opus in Ogg', 'audio/ogg', 'ogg', makeOpus(3), 3],
    ['a FLAC file', 'audio/flac', 'flac', makeFlac(7), 7],
    ['AAC frames', 'audio/aac', 'aac', makeAac(100), (100 * 1024) / 44_100],
    ['an M4A file', 'audio/mp4', 'm4a', makeMp4({ seconds: 4, brand: 'M4A ' }), 4],
    ['sound in a plain MP4 file', 'audio/mp4', 'm4a', makeMp4({ seconds: 4 }), 4],
  ])('recognises %s with its duration', async (_title, contentType, extension, bytes, seconds) => {
    const file = await inspect(bytes, 'audio');
    expect(file).toMatchObject({ contentType, extension, width: null, height: null });
    expect(file.durationSeconds).toBeCloseTo(seconds, 1);
  });

  it('takes a FLAC file from a live encoder, which states no length', async () => {
    expect(await inspect(makeFlac(null), 'audio')).toMatchObject({ contentType: 'audio/flac', durationSeconds: null });
  });

  it('refuses pages, pictures, films and headers without sound', async () => {
    const others = [
      '<!doctype html><html></html>',
      await drawTestPicture('webp', 64, 64),
      makeMp4({ seconds: 5, picture }),
      makeWebm({ seconds: 5, ...picture }),
      makeWav(0),
      makeOpus(3).subarray(0, 60),
      makeMp4({ seconds: 5, isIndexLast: true }).subarray(0, 900),
    ];
    for (const other of others) await expect(inspect(other, 'audio')).rejects.toEqual(refused);
  });
});

it('stops with the reason of the caller', async () => {
  const abort = new AbortController();
  const inspecting = inspect(makeWav(1), 'audio', abort.signal);
  abort.abort(new Error('shutting down'));
  await expect(inspecting).rejects.toThrow('shutting down');
});
