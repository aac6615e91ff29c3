import type { IncomingMessage, RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutputStore, type OutputLimits, type OutputStoreConfig } from './store-output.ts';
import { drawTestPicture } from './test-pictures.ts';
import { startTestServer, type TestServer } from './test-server.ts';

interface Stored {
  body: Buffer;
  headers: IncomingMessage['headers'];
}

const secretKey = 'sb_secret_only-for-this-test';
const path = '0f0e/1a2b/0';
let storage: TestServer;
let delivery: TestServer;
let deliver: RequestListener;
/** Statuses that the storage answers before it works. */
let troubles: number[];
let uploads: number;
let buckets: Set<string>;
let stored: Map<string, Stored>;

/** The part of Supabase Storage's HTTP interface that is used. */
const serveStorage: RequestListener = async (request, response) => {
  const body = await buffer(request);
  const reply = (status: number, json: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  const [, object] = /^\/storage\/v1\/object\/(.+)$/.exec(request.url ?? '') ?? [];
  const [, bucket] = /^\/storage\/v1\/bucket\/(.+)$/.exec(request.url ?? '') ?? [];
  if (request.headers.apikey !== secretKey) return reply(403, { message: 'no key' });
  if (object) {
    uploads += 1;
    const trouble = troubles.shift();
    if (trouble === 0) return void request.socket.destroy();
    if (trouble) return reply(trouble, { message: 'trouble', statusCode: String(trouble) });
    stored.set(object, { body, headers: request.headers });
    return reply(200, { Key: object, Id: '1' });
  }
  if (bucket) return buckets.has(bucket) ? reply(200, { id: bucket }) : reply(404, { message: 'Bucket not found' });
  const { id } = JSON.parse(String(body)) as { id: string }; // the client's own request
  if (buckets.has(id)) return reply(409, { message: 'The resource already exists' });
  buckets.add(id);
  stored.set(`bucket ${id}`, { body, headers: request.headers });
  return reply(200, { name: id });
};

beforeEach(async () => {
  [troubles, uploads, buckets, stored] = [[], 0, new Set(), new Map()];
  storage = await startTestServer(serveStorage);
  delivery = await startTestServer((request, response) => deliver(request, response));
});

afterEach(async () => {
  await Promise.all([storage.close(), delivery.close()]);
});

function createStore(limits: Partial<OutputLimits> = {}) {
  const config: OutputStoreConfig = {
    SUPABASE_URL: storage.url,
    SUPABASE_SECRET_KEY: secretKey,
    STORAGE_BUCKET: 'generations',
    REPLICATE_API_TOKEN: undefined,
    REPLICATE_BASE_URL: delivery.url,
    OPENAI_API_KEY: undefined,
    OPENAI_BASE_URL: 'https://api.openai.com/v1',
    FREEPIK_API_KEY: undefined,
    FREEPIK_BASE_URL: 'https://api.magnific.com',
    FREEPIK_KEY_HEADER: 'x-magnific-api-key',
  };
  return createOutputStore(config, limits);
}

function link(url = `${delivery.url}/out.png`) {
  const provider = { isOutputHost: (host: string) => host === delivery.host };
  return { file: { kind: 'url', url } as const, provider, path, signal: AbortSignal.timeout(20_000) };
}

describe('storing an output', () => {
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
      bytes: picture.length,
    });
    const original = stored.get(`generations/${path}.png`);
    expect(original?.body.equals(picture)).toBe(true);
    expect(original?.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'max-age=31536000, immutable',
      'x-upsert': 'true',
    });
    const thumbnail = stored.get(`generations/${path}.thumb.webp`);
    expect(thumbnail?.headers['content-type']).toBe('image/webp');
    expect(await sharp(thumbnail?.body).metadata()).toMatchObject({ format: 'webp', width: 512, height: 384 });
  });

  it('keeps bytes that the provider answered, and may be repeated', async () => {
    const bytes = await drawTestPicture('webp', 64, 64);
    const store = createStore();
    const request = { ...link(), file: { kind: 'bytes', bytes } as const };
    expect(await store.store(request)).toEqual(await store.store(request));
    expect(stored.size).toBe(2);
  });

  it('takes the type from the content, not from what the server calls it', async () => {
    const picture = await drawTestPicture('jpeg', 64, 64);
    deliver = (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
    expect(await createStore().store(link())).toMatchObject({ path: `${path}.jpg`, contentType: 'image/jpeg' });
  });

  it('stores nothing that is no picture', async () => {
    deliver = (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end('<html></html>');
    await expect(createStore().store(link())).rejects.toMatchObject({ code: 'output_invalid' });
    expect(stored.size).toBe(0);
  });

  it('stores nothing beyond the size limit, linked or answered', async () => {
    const picture = await drawTestPicture('png', 300, 300);
    deliver = (_request, response) => response.end(picture);
    const store = createStore({ imageBytesMax: picture.length - 1 });
    await expect(store.store(link())).rejects.toMatchObject({ code: 'output_invalid' });
    const answered = { ...link(), file: { kind: 'bytes', bytes: picture } as const };
    await expect(store.store(answered)).rejects.toMatchObject({ code: 'output_invalid' });
    expect(stored.size).toBe(0);
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
    troubles = [500, 0, 503];
    expect(await createStore().store({ ...link(), file: { kind: 'bytes', bytes } })).toMatchObject({ width: 64 });
    expect(stored.size).toBe(2);
  });

  it('gives up on a storage that keeps failing, after three tries for each file', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    troubles = Array.from({ length: 20 }, () => 503);
    const storing = createStore().store({ ...link(), file: { kind: 'bytes', bytes } });
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(uploads).toBeLessThanOrEqual(6);
    expect(stored.size).toBe(0);
  });

  it('does not repeat an upload that the storage refuses', async () => {
    const bytes = await drawTestPicture('png', 64, 64);
    troubles = [400, 400];
    const storing = createStore().store({ ...link(), file: { kind: 'bytes', bytes } });
    await expect(storing).rejects.toMatchObject({ code: 'storage_unavailable', isPassing: false });
    expect(uploads).toBe(2);
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
    expect(buckets).toEqual(new Set(['generations']));
    const created: unknown = JSON.parse(String(stored.get('bucket generations')?.body));
    expect(created).toMatchObject({ id: 'generations', public: false });
  });

  it('is reported missing when the storage is away', async () => {
    await storage.close();
    await expect(createStore().ensureBucket()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});
