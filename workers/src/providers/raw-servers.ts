import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';

export interface RawServer {
  url: string;
  /** How many whole requests have arrived. */
  requests(): number;
  close(): Promise<void>;
}

/** For tests: an HTTP server on this machine. */
export async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<RawServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await close(server);
    },
  };
}

/** For tests: a server that reads each request to its end and then resets the connection without a word. */
export async function serveResets(): Promise<RawServer> {
  let requests = 0;
  const server = createTcpServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (part) => {
      received = Buffer.concat([received, part]);
      if (!isWhole(received)) return;
      requests += 1;
      socket.resetAndDestroy();
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, close: () => close(server) };
}

/** For tests: a port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await close(server);
  return port;
}

/** Whether headers and body have come, by Content-Length or the chunk that ends the body. */
function isWhole(received: Buffer): boolean {
  const headersEnd = received.indexOf('\r\n\r\n');
  if (headersEnd === -1) return false;
  const headers = received.subarray(0, headersEnd).toString('latin1');
  const body = received.subarray(headersEnd + 4);
  if (/^transfer-encoding: *chunked/im.test(headers)) return body.toString('latin1').endsWith('0\r\n\r\n');
  return body.length >= Number(/^content-length: *(\d+)/im.exec(headers)?.[1] ?? 0);
}

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server has a port
}

async function close(server: Server | TcpServer): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
