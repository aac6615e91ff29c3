import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeMp4Parts } from './test-media.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const megabyte = 1024 * 1024;
const { bavail, bsize } = await statfs(tmpdir());
const hasRoom = bavail * bsize > 1_500 * megabyte;
const mediaBytes = hasRoom ? 1024 * megabyte : 300 * megabyte;
const size = hasRoom ? 'of 1 GB' : 'of 300 MB only, as there is too little room on the disk for 1 GB,';

const { type, index } = makeMp4Parts({ seconds: 600, picture: { width: 3840, height: 2160 } });
const media = Buffer.alloc(8);
media.writeUInt32BE(8 + mediaBytes);
media.write('mdat', 4);
/** The index comes last, as recorders write it: the file has to be there whole before anything is known of it. */
const parts = { head: Buffer.concat([type, media]), chunk: Buffer.alloc(megabyte, 'base '), tail: index };
const bytes = parts.head.length + mediaBytes + parts.tail.length;

let storage: TestStorage;
let delivery: TestServer;
let directory: string;

beforeAll(async () => {
  storage = await startTestStorage();
  delivery = await startTestServer((_request, response) => void deliver(response));
  directory = await mkdtemp(path.join(tmpdir(), 'base-big-video-'));
});

afterAll(async () => {
  await Promise.all([storage.close(), delivery.close(), rm(directory, { recursive: true })]);
});

function* pieces(): Generator<Buffer> {
  yield parts.head;
  for (let sent = 0; sent < mediaBytes; sent += parts.chunk.length) yield parts.chunk;
  yield parts.tail;
}

async function deliver(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-length': bytes });
  for (const piece of pieces()) if (!response.write(piece)) await once(response, 'drain');
  response.end();
}

it(`brings a video ${size} through a process with a heap of 256 MB, in less than 400 MB of memory`, async () => {
  const script = path.join(import.meta.dirname, 'test-store-process.ts');
  const flags = ['--max-old-space-size=256', script, storage.url, `${delivery.url}/video.mp4`];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { env: { TMPDIR: directory } });
  const { stored, peakBytes }: { stored: unknown; peakBytes: number } = JSON.parse(stdout);
  expect(stored).toEqual({
    path: '0f0e/1a2b/0.mp4',
    thumbnailPath: null,
    contentType: 'video/mp4',
    width: 3840,
    height: 2160,
    durationSeconds: 600,
    bytes,
  });
  let checksum = 0;
  for (const piece of pieces()) checksum = crc32(piece, checksum);
  const received = storage.stored.get('generations/0f0e/1a2b/0.mp4');
  expect(received).toMatchObject({ bytes, crc32: checksum });
  expect(received?.headers['content-length']).toBe(String(bytes));
  expect(peakBytes).toBeLessThan(400 * megabyte);
  expect(await readdir(directory)).toEqual([]);
}, 120_000);
