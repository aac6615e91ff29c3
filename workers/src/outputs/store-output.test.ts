import type { RequestListener } from 'node:http';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutputStore, type OutputLimits, type StoreRequest } from './store-output.ts';
import { testConfig } from './test-config.ts';
import { makeMp4 } from './test-media.ts';
import { drawTestPicture } from './test-pictures.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const path = '0f0e/1a2b/0';
let storage: TestStorage;
let delivery: TestServer;
let deliver: RequestListener;

beforeEach(async () => {
  storage = await startTestStorage();
  delivery = await startTestServer((request, response) => deliver(request, response));
});

afterEach(async () => {
  await Promise.all([storage.close(), delivery.close()]);
});

function createStore(limits: Partial<OutputLimits> = {}) {
  return createOutputStore(testConfig({ SUPABASE_URL: storage.url, REPLICATE_BASE_URL: delivery.url }), limits);
}

function link(url = `${delivery.url}/out.png`): StoreRequest {
  const provider = { isOutputHost: (host: string) => host === delivery.host };
  return { file: { kind: 'url', url }, type: 'image', provider, path, signal: AbortSignal.timeout(20_000) };
}

describe('storing an image', () => {
  it('keeps the original byte for byte and a thumbnail beside it', async () => {
    const picture = await drawTestPicture('png', 1024, 768);
    deliver = (_request, response) => response.end(picture);
    const file = await createStore().store(link());
    expect(file).toEqual({
      path: `${path}.png`,
      thumbnailPath: `${path}.thumb.webp`,
      contentType: 'image/png',
      width: 1024,
      height: 768,
      durationSeconds: null,
      bytes: picture.length,
    });
    const original = storage.stored.get(`generations/${path}.png`);
    expect(original?.body.equals(picture)).toBe(true);
    expect(original?.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'max-age=31536000, immutable',
      'x-upsert': 'true',
    });
    const thumbnail = storage.stored.get(`generations/${path}.thumb.webp`);
    expect(thumbnail?.headers['content-type']).toBe('image/webp');
    expect(await sharp(thumbnail?.body).metadata()).toMatchObject({ format: 'webp', width: 512, height: 384 });
  });

  it('keeps bytes that the provider answered, and may be repeated', async () => {
    const bytes = await drawTestPicture('webp', 64, 64);
    const store = createStore();
    const request = { ...link(), file: { kind: 'bytes', bytes } as const };
    expect(await store.store(request)).toEqual(await store.store(request));
    expect(storage.stored.size).toBe(2);
  });

  it('takes the type from the content, not from what the server calls it', async () => {
    const picture = await drawTestPicture('jpeg', 64, 64);
    deliver = (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
    expect(await createStore().store(link())).toMatchObject({ path: `${path}.jpg`, contentType: 'image/jpeg' });
  });

  it('stores nothing that is no picture', async () => {
    deliver = (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end('<html></html>');
    await expect(createStore().store(link())).rejects.toMatchObject({ code: 'output_invalid' });
    expect(storage.stored.size).toBe(0);
  });

  it('stores nothing beyond the size limit, linked or answered', async () => {
    const picture = await drawTestPicture('png', 300, 300);
    deliver = (_request, response) => response.end(picture);
    const store = createStore({ imageBytesMax: picture.length - 1 });
    await expect(store.store(link())).rejects.toMatchObject({ code: 'output_invalid' });
    const answered = { ...link(), file: { kind: 'bytes', bytes: picture } as const };
    await expect(store.store(answered)).rejects.toMatchObject({ code: 'output_invalid' });
    expect(storage.stored.size).toBe(0);
  });

  it('asks again when the delivery stumbles, and not when the output is gone', async () => {
    const picture = await drawTestPicture('png', 64, 64);
    let asked = 0;
    deliver = (_request, response) => {
      asked += 1;
      if (asked < 3) response.writeHead(503).end();
      else response.end(picture);
    };
    expect(await createStore().store(link())).toMatchObject({ width: 64 });
    deliver = (_request, response) => {
      asked += 1;
      response.writeHead(404).end();
    };
    await expect(createStore().store(link())).rejects.toMatchObject({ code: 'output_unavailable' });
    expect(asked).toBe(4);
  });

  it('refuses the host of another provider, even one that the operator set', async () => {
    deliver = (_request, response) => response.end();
    const request = { ...link(), provider: { isOutputHost: () => false } };
    await expect(createStore().store(request)).rejects.toMatchObject({ code: 'output_invalid' });
    expect(delivery.connections()).toBe(0);
  });

  it('gets over a storage that fails for a moment', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    storage.troubles.push(500, 0, 503);
    expect(await createStore().store({ ...link(), file: { kind: 'bytes', bytes } })).toMatchObject({ width: 64 });
    expect(storage.stored.size).toBe(2);
  });

  it('gives up on a storage that keeps failing, after three tries for each file', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    storage.troubles.push(...Array.from({ length: 20 }, () => 503));
    const storing = createStore().store({ ...link(), file: { kind: 'bytes', bytes } });
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(storage.uploads()).toBeLessThanOrEqual(6);
    expect(storage.stored.size).toBe(0);
  });

  it('does not repeat an upload that the storage refuses', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    storage.troubles.push(400, 400);
    const storing = createStore().store({ ...link(), file: { kind: 'bytes', bytes } });
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable', isPassing: false });
    expect(storage.uploads()).toBe(2);
  });

  it('is not done before the storage has all of it', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    storage.tellBytes = (length) => length - 1;
    const storing = createStore().store({ ...link(), file: { kind: 'bytes', bytes } });
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable', isPassing: true });
  });

  it('refuses other kinds of media', async () => {
    const file = { kind: 'bytes', bytes: makeMp4({ seconds: 1, picture: { width: 64, height: 64 } }) } as const;
    await expect(createStore().store({ ...link(), file })).rejects.toMatchObject({ code: 'output_invalid' });
  });

  it('stops with the reason of the caller', async () => {
    deliver = () => {};
    const abort = new AbortController();
    const storing = createStore().store({ ...link(), signal: abort.signal });
    abort.abort(new Error('shutting down'));
    await expect(storing).rejects.toThrow('shutting down');
  });
});

describe('the bucket', () => {
  it('is created private, once, however many start together', async () => {
    await Promise.all(Array.from({ length: 5 }, () => createStore().ensureBucket()));
    expect([...storage.buckets.keys()]).toEqual(['generations']);
    expect(storage.buckets.get('generations')).toMatchObject({ id: 'generations', public: false });
  });

  it('is reported missing when the storage is away', async () => {
    await storage.close();
    await expect(createStore().ensureBucket()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});
