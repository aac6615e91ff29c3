import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { testSecretKey } from './test-config.ts';
import { startTestServer, type TestServer } from './test-server.ts';

export interface StoredObject {
  headers: IncomingMessage['headers'];
  bytes: number;
  crc32: number;
  /** Of small objects only: a large one leaves nothing but its length and checksum. */
  body: Buffer;
}

export interface TestStorage extends TestServer {
  /** By `<bucket>/<path>`. */
  stored: Map<string, StoredObject>;
  buckets: Map<string, unknown>;
  /** Statuses that uploads meet before one works; 0 breaks the connection off in the middle. */
  troubles: number[];
  uploads(): number;
  /** From now on uploads are neither read nor answered. */
  freeze(): void;
  /** What a question for the size of an object is answered with. */
  tellBytes: (bytes: number) => number;
}

const bodyBytesMax = 4 * 1024 * 1024;

/** For tests: the part of Supabase Storage's HTTP interface that is used. */
export async function startTestStorage(): Promise<TestStorage> {
  const stored: TestStorage['stored'] = new Map();
  const buckets: TestStorage['buckets'] = new Map();
  const troubles: number[] = [];
  let uploads = 0;
  let isFrozen = false;

  const takeObject = async (name: string, request: IncomingMessage, response: ServerResponse) => {
    uploads += 1;
    if (isFrozen) return;
    const trouble = troubles.shift();
    if (trouble === 0) return void request.once('data', () => request.socket.destroy());
    const object = await receive(request);
    if (trouble) return reply(response, trouble, { message: 'trouble', statusCode: String(trouble) });
    stored.set(name, object);
    reply(response, 200, { Key: name, Id: '1' });
  };
  const listener: RequestListener = async (request, response) => {
    const { url = '', headers, method } = request;
    if (headers.apikey !== testSecretKey) return reply(response, 403, { message: 'no key' });
    const [, info] = /^\/storage\/v1\/object\/info\/(.+)$/.exec(url) ?? [];
    const [, object] = /^\/storage\/v1\/object\/(.+)$/.exec(url) ?? [];
    const [, bucket] = /^\/storage\/v1\/bucket\/(.+)$/.exec(url) ?? [];
    if (method === 'GET' && info) {
      const found = stored.get(info);
      if (!found) return reply(response, 400, { statusCode: '404', error: 'not_found', message: 'Object not found' });
      return reply(response, 200, { id: '1', name: info, size: storage.tellBytes(found.bytes) });
    }
    if (object) return takeObject(object, request, response).catch(() => request.socket.destroy());
    if (bucket) return reply(response, buckets.has(bucket) ? 200 : 404, { id: bucket, message: 'Bucket not found' });
    const { body } = await receive(request);
    const wanted = JSON.parse(String(body)) as { id: string }; // the client's own request
    if (buckets.has(wanted.id)) return reply(response, 409, { message: 'The resource already exists' });
    buckets.set(wanted.id, wanted);
    reply(response, 200, { name: wanted.id });
  };

  const server = await startTestServer(listener);
  const storage: TestStorage = {
    ...server,
    stored,
    buckets,
    troubles,
    uploads: () => uploads,
    freeze: () => {
      isFrozen = true;
    },
    tellBytes: (bytes) => bytes,
  };
  return storage;
}

async function receive(request: IncomingMessage): Promise<StoredObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let checksum = 0;
  for await (const chunk of request) {
    checksum = crc32(chunk, checksum);
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  return { headers: request.headers, bytes, crc32: checksum, body: Buffer.concat(chunks) };
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
