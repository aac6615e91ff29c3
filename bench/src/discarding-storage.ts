import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DiscardingStorage {
  url: string;
  close(): Promise<void>;
}

/** The part of Supabase Storage that workers use. It counts the bytes of an object and keeps nothing else of it. */
export async function startDiscardingStorage(): Promise<DiscardingStorage> {
  const bytesOf = new Map<string, number>();
  const server = createServer((request, response) => {
    // Whoever hangs up in the middle of an upload gets no answer.
    answer(bytesOf, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(bytesOf: Map<string, number>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const [, kind, name = ''] = /^\/storage\/v1\/(bucket|object\/info|object)\/(.+)$/.exec(request.url ?? '') ?? [];
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  if (kind === 'bucket') return void reply(200, { id: name });
  if (kind === 'object') {
    bytesOf.set(name, bytes);
    return void reply(200, { Key: name, Id: name });
  }
  const size = bytesOf.get(name);
  if (size === undefined)
    return void reply(400, { statusCode: '404', error: 'not_found', message: 'Object not found' });
  reply(200, { id: name, name, size });
}
