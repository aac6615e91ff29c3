import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import compression from 'compression';
import express from 'express';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EventStream, openEventStream } from './event-stream.ts';

let server: Server;
let url: string;
let draining: AbortController;
let opened: Promise<EventStream>;
beforeEach(async () => {
  draining = new AbortController();
  const app = express();
  app.use(compression());
  opened = new Promise((resolve) => {
    app.get('/', (_request, response) =>
      resolve(openEventStream(response, { draining: draining.signal, drainTimeoutMs: 2_000 })),
    );
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // a listening TCP server has an address object
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('sends each event at once, with its id, and ends when asked', async () => {
  const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('content-encoding')).toBeNull();
  const stream = await opened;
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  stream.send('job', { progress: 10, text: 'line\nbreak' }, 'id-1');
  let text = '';
  while (!text.includes('\n\nid: ')) text += (await reader?.read())?.value ?? '';
  expect(text).toContain('id: id-1\nevent: job\ndata: {"progress":10,"text":"line\\nbreak"}\n\n');
  stream.end();
  await expect.poll(async () => (await reader?.read())?.done).toBe(true);
  await expect.poll(() => stream.closed.aborted).toBe(true);
});

it('tells clients to come back and ends when the process drains', async () => {
  const response = await fetch(url);
  const stream = await opened;
  draining.abort();
  expect(await response.text()).toMatch(/retry: 1000\nevent: closing\ndata: \{\}\n\n$/);
  await expect.poll(() => stream.closed.aborted).toBe(true);
  expect(stream.send('job', {})).toBe(false);
});

it('notices that the client has gone', async () => {
  const leave = new AbortController();
  const left = fetch(url, { signal: leave.signal }).then((response) => response.text());
  const stream = await opened;
  leave.abort();
  await expect(left).rejects.toThrow();
  await expect.poll(() => stream.closed.aborted).toBe(true);
  expect(stream.send('job', {})).toBe(false);
});

/** A client that has asked and reads nothing until it is told to. */
async function openIdleClient() {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  return { socket, stream: await opened };
}

const large = { text: 'x'.repeat(1024 * 1024) };

it('waits for a slow client until it has taken what was sent', async () => {
  const { socket, stream } = await openIdleClient();
  // More than the buffers of both sides hold.
  for (let n = 0; n < 32; n += 1) stream.send('text', large);
  let hasDrained = false;
  const drained = stream.drained().then(() => {
    hasDrained = true;
  });
  await new Promise(setImmediate);
  expect(hasDrained).toBe(false);
  socket.resume();
  await drained;
  expect(stream.closed.aborted).toBe(false);
  expect(stream.send('job', {})).toBe(true);
  socket.destroy();
});

it('disconnects a client that takes nothing', async () => {
  const { socket, stream } = await openIdleClient();
  while (!stream.closed.aborted) {
    stream.send('text', large);
    await stream.drained();
  }
  expect(stream.send('text', large)).toBe(false);
  socket.destroy();
});
