import { once } from 'node:events';
import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { assertPortsFree, defaultPorts, pickFreePorts } from './ports.ts';

async function takePort(): Promise<number> {
  const server = net.createServer().listen((await pickFreePorts()).api, '127.0.0.1');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

it('names a taken port, the part that wants it, and how to choose others', async () => {
  const port = await takePort();
  const free = await pickFreePorts();
  const message = await assertPortsFree({ ...free, redis: port }).catch((error: Error) => error.message);
  expect(message).toContain(`Port ${port}, wanted for Redis, is taken by`);
  expect(message).toContain('BASE_PORT_OFFSET');
  expect(message).not.toContain(String(free.api));
});

it('names the process that holds the port', { skip: process.platform !== 'linux' }, async () => {
  const port = await takePort();
  await expect(assertPortsFree({ api: port })).rejects.toThrow(`process ${process.pid} (`);
});

it('moves every default port by the same number', () => {
  const moved = Object.values(defaultPorts(100));
  expect(moved).toEqual(Object.values(defaultPorts(0)).map((port) => port + 100));
});

it('picks different ports below those that outgoing connections use', async () => {
  const ports = Object.values(await pickFreePorts());
  expect(new Set(ports).size).toBe(7);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});
