import { once } from 'node:events';
import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { isFree } from '../ports.ts';
import { waitUntil } from '../wait-until.ts';
import { startProxy, type TcpProxy } from './proxy.ts';

/** A server that answers each piece with its name and the piece. */
async function startEcho(name: string): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(`${name}:${data}`));
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function proxyTo(...targets: number[]): Promise<TcpProxy> {
  const proxy = await startProxy({ port: await freePort(), targets });
  onTestFinished(() => proxy.close());
  return proxy;
}

async function open({ port }: TcpProxy): Promise<{ socket: net.Socket; heard(): string; closed: Promise<void> }> {
  const socket = net.connect(port, '127.0.0.1');
  let heard = '';
  socket.on('error', () => {});
  socket.on('data', (data) => {
    heard += data;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, heard: () => heard, closed };
}

const until = (what: string, isTrue: () => boolean) => waitUntil(async () => isTrue(), { what, timeoutMs: 10_000 });

async function say(proxy: TcpProxy, text: string): Promise<string> {
  const { socket, heard } = await open(proxy);
  socket.write(text);
  await until('an answer came', () => heard() !== '');
  socket.destroy();
  return heard();
}

it('carries what is said to the servers in turn, and passes over one that is gone', async () => {
  const [first, second] = [await startEcho('first'), await startEcho('second')];
  const both = await proxyTo(first, second);
  expect([await say(both, 'x'), await say(both, 'x')].sort()).toEqual(['first:x', 'second:x']);
  const half = await proxyTo(await freePort(), second);
  expect([await say(half, 'x'), await say(half, 'x')]).toEqual(['second:x', 'second:x']);
});

it('breaks connections when it cuts, and takes new ones', async () => {
  const proxy = await proxyTo(await startEcho('echo'));
  const { closed } = await open(proxy);
  proxy.cut();
  await closed;
  expect(await say(proxy, 'again')).toBe('echo:again');
});

it('lets nobody listen when it refuses, until it resumes', async () => {
  const proxy = await proxyTo(await startEcho('echo'));
  const { closed } = await open(proxy);
  proxy.refuse();
  await closed;
  expect(await isFree(proxy.port)).toBe(true);
  await proxy.resume();
  expect(await say(proxy, 'again')).toBe('echo:again');
});

it('holds everything back while it stalls, and loses nothing of it', async () => {
  const proxy = await proxyTo(await startEcho('echo'));
  const first = await open(proxy);
  first.socket.write('before');
  await until('an answer came', () => first.heard() === 'echo:before');
  proxy.stall();
  first.socket.write('meanwhile');
  const other = await open(proxy);
  other.socket.write('x');
  // Nothing can be waited for where nothing is to come; a round trip elsewhere would have been long enough.
  await say(await proxyTo(await startEcho('elsewhere')), 'x');
  expect([first.heard(), other.heard()]).toEqual(['echo:before', '']);
  await proxy.resume();
  await until('the rest came', () => first.heard() === 'echo:beforeecho:meanwhile' && other.heard() === 'echo:x');
});

it('brings what is said later, and in its order, while it delays', async () => {
  const proxy = await proxyTo(await startEcho('echo'));
  proxy.delay(60);
  const { socket, heard } = await open(proxy);
  const startedMs = performance.now();
  socket.write('one');
  await until('an answer came', () => heard() === 'echo:one');
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(110);
  await proxy.resume();
  socket.write('two');
  await until('the next came', () => heard() === 'echo:oneecho:two');
});
