import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUrlProblem } from './check-public-url.ts';
import { type GuardedRequest, guardedRequest, RefusedAddressError, type ResolveAll } from './guarded-request.ts';

let server: Server;
let port: number;
let paths: string[];
beforeAll(async () => {
  paths = [];
  server = createServer((request, response) => {
    paths.push(request.url ?? '');
    if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/latest/' });
    response.end('inside');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port; // a listening TCP server has an address object
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const send = (url: string, more: Partial<GuardedRequest> = {}) =>
  guardedRequest({
    url: new URL(url),
    method: 'POST',
    headers: {},
    body: Buffer.from('{}'),
    isTrusted: false,
    signal: AbortSignal.timeout(3_000),
    ...more,
  });

/** Answers each look-up with the next of these. */
function resolveTo(...rounds: string[][]): { resolveAll: ResolveAll; count: () => number } {
  let asked = 0;
  return {
    count: () => asked,
    resolveAll: (_hostname, _options, callback) => {
      const addresses = rounds[Math.min(asked, rounds.length - 1)] ?? [];
      asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
}

describe('an address inside', () => {
  it.each([
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://0177.0.0.1',
    'http://127.1',
    'http://0.0.0.0',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'http://169.254.169.254',
    'http://100.64.1.1',
    'http://224.0.0.1',
  ])('%s is refused without a connection', async (origin) => {
    const before = paths.length;
    await expect(send(`${origin}:${port}/`)).rejects.toThrow(RefusedAddressError);
    expect(paths).toHaveLength(before);
  });

  it.each([[['127.0.0.1']], [['93.184.216.34', '10.0.0.1']], [['::ffff:169.254.169.254']], [['fe80::1']]])(
    'is refused behind a name that resolves to %j',
    async (addresses) => {
      const before = paths.length;
      await expect(send(`http://inside.test:${port}/`, resolveTo(addresses))).rejects.toThrow(RefusedAddressError);
      expect(paths).toHaveLength(before);
    },
  );
});

it('asks for a name once and connects to what was checked, so that a second answer changes nothing', async () => {
  const rebinding = resolveTo(['192.0.2.55', '192.0.2.56'], ['127.0.0.1']);
  const before = paths.length;
  await expect(send(`http://rebinding.test:${port}/`, rebinding)).rejects.toThrow(RefusedAddressError);
  // A public address where nobody listens: the connection fails, and nobody asks again.
  const silent = resolveTo(['240.0.0.0'], ['127.0.0.1']);
  await expect(send(`http://rebinding.test:${port}/`, silent)).rejects.toThrow();
  expect([rebinding.count(), silent.count()]).toEqual([1, 1]);
  expect(paths).toHaveLength(before);
});

it('checks the address that the connection really has, whatever the look-up has said', async () => {
  const before = paths.length;
  // As a broken resolver, or a proxy in between, would do it: checked as public, connected inside.
  const lying: ResolveAll = (_hostname, _options, callback) => {
    const entry = {
      family: 4,
      reads: 0,
      get address() {
        this.reads += 1;
        return this.reads === 1 ? '1.1.1.1' : '127.0.0.1';
      },
    };
    callback(null, [entry]);
  };
  await expect(send(`http://lying.test:${port}/`, { resolveAll: lying })).rejects.toThrow(RefusedAddressError);
  expect(paths.slice(before)).toEqual([]);
});

it('follows no redirect, not even from a trusted host', async () => {
  const response = await send(`http://127.0.0.1:${port}/away`, { isTrusted: true });
  expect(response.statusCode).toBe(302);
  response.destroy();
});

it('may go inside where the operator says so, and only there', async () => {
  const response = await send(`http://127.0.0.1:${port}/own`, { isTrusted: true });
  expect(response.statusCode).toBe(200);
  response.destroy();
  expect(findUrlProblem('http://127.0.0.1:1/x', ['127.0.0.1'])).toBeNull();
  expect(findUrlProblem('http://127.0.0.2:1/x', ['127.0.0.1'])).toContain('https');
  expect(findUrlProblem('https://receiver.example.com/x?y=1', [])).toBeNull();
});
