import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@supabase/supabase-js';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { createOutputStore, type OutputLimits, type StoreRequest } from './store-output.ts';
import { testConfig } from './test-config.ts';
import { makeMp3, makeMp4, makeWav } from './test-media.ts';
import { drawTestPicture } from './test-pictures.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const video = makeMp4({ seconds: 5, picture: { width: 1280, height: 720 }, mediaBytes: 3_000_000 });
let storage: TestStorage;
let delivery: TestServer;
let deliver: RequestListener;
let asked: number;
let directory: string;

beforeEach(async () => {
  storage = await startTestStorage();
  asked = 0;
  deliver = (_request, response) => response.end(video);
  delivery = await startTestServer((request, response) => {
    asked += 1;
    deliver(request, response);
  });
  directory = await mkdtemp(path.join(tmpdir(), 'base-store-test-'));
  vi.stubEnv('TMPDIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([storage.close(), delivery.close()]);
  // Whatever became of an output: its temporary file is gone.
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

function createStore(limits: Partial<OutputLimits> = {}) {
  return createOutputStore(testConfig({ SUPABASE_URL: storage.url, REPLICATE_BASE_URL: delivery.url }), limits);
}

function order(type: 'video' | 'audio', options: Partial<StoreRequest> = {}): StoreRequest {
  const provider = { isOutputHost: (host: string) => host === delivery.host };
  const file = { kind: 'url', url: `${delivery.url}/out` } as const;
  return { file, type, provider, path: '0f0e/1a2b/0', signal: AbortSignal.timeout(30_000), ...options };
}

describe('storing video and audio', () => {
  it('keeps a video byte for byte, under the type of its content, and without a thumbnail', async () => {
    deliver = (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(video);
    expect(await createStore().store(order('video'))).toEqual({
      path: '0f0e/1a2b/0.mp4',
      thumbnailPath: null,
      contentType: 'video/mp4',
      width: 1280,
      height: 720,
      durationSeconds: 5,
      bytes: video.length,
    });
    expect([...storage.stored.keys()]).toEqual(['generations/0f0e/1a2b/0.mp4']);
    const stored = storage.stored.get('generations/0f0e/1a2b/0.mp4');
    expect(stored?.body.equals(video)).toBe(true);
    expect(stored?.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(video.length),
      'cache-control': 'max-age=31536000, immutable',
      'x-upsert': 'true',
    });
  });

  it('can be read back from a whole Supabase, over what was there', async () => {
    const { supabase_url, supabase_secret_key } = inject('stack');
    const variables = { SUPABASE_URL: supabase_url, SUPABASE_SECRET_KEY: supabase_secret_key };
    const store = createOutputStore(testConfig({ ...variables, REPLICATE_BASE_URL: delivery.url }));
    await store.ensureBucket();
    const request = order('video', { path: `${randomUUID()}/1a2b/0` });
    const stored = await store.store(request);
    expect(await store.store(request)).toEqual(stored);
    const { storage: hosted } = createClient(supabase_url, supabase_secret_key, { auth: { persistSession: false } });
    const { data } = await hosted.from('generations').download(stored.path);
    expect(Buffer.from((await data?.arrayBuffer()) ?? new ArrayBuffer()).equals(video)).toBe(true);
    expect(data?.type).toBe('video/mp4');
  });

  it('keeps sound that the provider answered', async () => {
    const bytes = makeMp3(200);
    const stored = await createStore().store(order('audio', { file: { kind: 'bytes', bytes } }));
    expect(stored).toMatchObject({ path: '0f0e/1a2b/0.mp3', contentType: 'audio/mpeg', bytes: bytes.length });
    expect(stored.durationSeconds).toBeCloseTo(5.22, 1);
    expect(storage.stored.get('generations/0f0e/1a2b/0.mp3')?.body.equals(bytes)).toBe(true);
  });

  it('takes the word of the provider for bare samples only', async () => {
    const samples = { kind: 'bytes', bytes: Buffer.alloc(48_000), contentType: 'audio/pcm;rate=24000' } as const;
    expect(await createStore().store(order('audio', { file: samples }))).toMatchObject({
      path: '0f0e/1a2b/0.pcm',
      contentType: 'audio/pcm;rate=24000',
      durationSeconds: 1,
    });
    const wav = { kind: 'bytes', bytes: makeWav(2), contentType: 'audio/mpeg' } as const;
    expect(await createStore().store(order('audio', { file: wav }))).toMatchObject({
      path: '0f0e/1a2b/0.wav',
      contentType: 'audio/wav',
      durationSeconds: 2,
    });
    const unsaid = { kind: 'bytes', bytes: Buffer.alloc(48_000) } as const;
    await expect(createStore().store(order('audio', { file: unsaid }))).rejects.toMatchObject({
      code: 'output_invalid',
    });
  });

  it('stores nothing of what is no video, is empty or is cut short', async () => {
    const bodies = [
      '<!doctype html><html></html>',
      '',
      await drawTestPicture('png', 64, 64),
      video.subarray(0, 2_000_000),
    ];
    for (const body of bodies) {
      deliver = (_request, response) => response.end(body);
      await expect(createStore().store(order('video'))).rejects.toMatchObject({ code: 'output_invalid' });
    }
    const nothing = { kind: 'bytes', bytes: new Uint8Array() } as const;
    await expect(createStore().store(order('audio', { file: nothing }))).rejects.toMatchObject({
      code: 'output_invalid',
    });
    expect(storage.uploads()).toBe(0);
  });

  it('stores nothing beyond the size limit of its kind, linked or answered', async () => {
    const store = createStore({ videoBytesMax: video.length - 1, audioBytesMax: 1_000 });
    const answered = { kind: 'bytes', bytes: makeWav(1) } as const;
    await expect(store.store(order('video'))).rejects.toMatchObject({ code: 'output_invalid' });
    await expect(store.store(order('audio', { file: answered }))).rejects.toMatchObject({ code: 'output_invalid' });
    expect(storage.uploads()).toBe(0);
    expect(await createStore({ videoBytesMax: video.length }).store(order('video'))).toMatchObject({
      durationSeconds: 5,
    });
  });

  it('fetches once more when the delivery breaks off, and once only when the storage does', async () => {
    deliver = (_request, response) => {
      if (asked > 1) return response.end(video);
      response.writeHead(200, { 'content-length': video.length });
      response.write(video.subarray(0, 1_000_000), () => response.socket?.destroy());
    };
    storage.troubles.push(0, 503);
    expect(await createStore().store(order('video'))).toMatchObject({ bytes: video.length });
    expect(asked).toBe(2);
    expect(storage.uploads()).toBe(3);
    const stored = storage.stored.get('generations/0f0e/1a2b/0.mp4');
    expect(stored?.body.equals(video)).toBe(true);
  });

  it('gives up on a storage that keeps failing or refuses', async () => {
    storage.troubles.push(503, 503, 503);
    const failing = expect.objectContaining({ code: 'storage_unavailable', isPassing: true });
    await expect(createStore().store(order('video'))).rejects.toEqual(failing);
    storage.troubles.push(400);
    const refused = expect.objectContaining({ code: 'storage_unavailable', isPassing: false });
    await expect(createStore().store(order('video'))).rejects.toEqual(refused);
    expect(storage.uploads()).toBe(4);
  });

  it('gives up on a storage in which nothing moves', async () => {
    storage.freeze();
    const storing = createStore({ storageTimeoutMs: 100 }).store(order('video'));
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable', isPassing: true });
  });

  it('is not done before the storage has all of it', async () => {
    storage.tellBytes = (bytes) => bytes - 1;
    const missing = expect.objectContaining({ code: 'storage_unavailable', isPassing: true });
    await expect(createStore().store(order('video'))).rejects.toEqual(missing);
  });

  it('calls a disk without room a storage that is not available', async () => {
    vi.stubEnv('TMPDIR', path.join(directory, 'missing'));
    await expect(createStore().store(order('video'))).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('stops with the reason of the caller, while it fetches and while it uploads', async () => {
    for (const stage of ['fetching', 'uploading']) {
      const abort = new AbortController();
      if (stage === 'fetching') deliver = (_request, response) => response.write('x');
      else {
        deliver = (_request, response) => response.end(video);
        storage.freeze();
      }
      const storing = createStore().store(order('video', { signal: abort.signal }));
      const underWay = () => (stage === 'fetching' ? asked : storage.uploads()) === 1;
      await Promise.all([
        expect(storing).rejects.toThrow('shutting down'),
        vi.waitUntil(underWay, { timeout: 20_000 }).then(() => abort.abort(new Error('shutting down'))),
      ]);
    }
  });
});
