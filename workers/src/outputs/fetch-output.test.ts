import type { RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolveAll } from '@base/shared/http-client/guarded-request';
import { afterEach, describe, expect, it } from 'vitest';
import { type FetchOutputRequest, fetchOutput } from './fetch-output.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const servers: TestServer[] = [];
const invalid = expect.objectContaining({ name: 'OutputError', code: 'output_invalid' });
const unavailable = expect.objectContaining({ name: 'OutputError', code: 'output_unavailable' });
const notPublic = expect.objectContaining({
  code: 'output_invalid',
  message: expect.stringContaining('is not a public address'),
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(listener: RequestListener): Promise<TestServer> {
  const server = await startTestServer(listener);
  servers.push(server);
  return server;
}

/** Fetches as from a provider that delivers from anywhere, so that only the checks of the client stand in the way. */
async function read(url: string, options: Partial<FetchOutputRequest> = {}): Promise<Buffer> {
  const request: FetchOutputRequest = {
    url,
    isOutputHost: () => true,
    trustedHosts: new Set(),
    bytesMax: 1_000,
    timeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    signal: AbortSignal.timeout(20_000),
    ...options,
  };
  return buffer(await fetchOutput(request));
}

const trusting = (...trusted: TestServer[]) => ({ trustedHosts: new Set(trusted.map(({ host }) => host)) });

describe('fetchOutput', () => {
  it('reads from the host that the operator set', async () => {
    const server = await start((_request, response) => response.end('picture'));
    expect(String(await read(server.url, trusting(server)))).toBe('picture');
  });

  it('sends no credentials and asks for the plain body', async () => {
    const server = await start((request, response) => response.end(JSON.stringify(request.headers)));
    const headers: unknown = JSON.parse(String(await read(server.url, trusting(server))));
    expect(headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
  });

  it('refuses plain HTTP, other schemes, credentials and rubbish', async () => {
    const server = await start((_request, response) => response.end());
    const links = [
      server.url,
      'file:///etc/passwd',
      'ftp://example.com/',
      'data:,x',
      'https://a:b@example.com/',
      'x',
      '',
    ];
    for (const link of links) await expect(read(link)).rejects.toEqual(invalid);
    expect(server.connections()).toBe(0);
  });

  it('refuses a host that the provider does not deliver from', async () => {
    const server = await start((_request, response) => response.end());
    const isOutputHost = (host: string) => host === 'replicate.delivery';
    await expect(read(server.url, { ...trusting(server), isOutputHost })).rejects.toEqual(invalid);
    expect(server.connections()).toBe(0);
  });

  it.each(['127.0.0.1', '2130706433', '0177.0.0.1', '0x7f.1', '127.1', '１２７.0.0.1', '[::1]', '[::ffff:127.0.0.1]'])(
    'refuses the literal %s without connecting',
    async (literal) => {
      const server = await start((_request, response) => response.end());
      await expect(read(`https://${literal}:${server.port}/`)).rejects.toEqual(notPublic);
      expect(server.connections()).toBe(0);
    },
  );

  it('refuses a name that resolves to this machine', async () => {
    const server = await start((_request, response) => response.end());
    await expect(read(`https://localhost:${server.port}/`)).rejects.toEqual(notPublic);
    expect(server.connections()).toBe(0);
  });

  it('refuses a name when any of its addresses is private, and asks once only', async () => {
    const server = await start((_request, response) => response.end());
    let asked = 0;
    const resolveAll: ResolveAll = (_hostname, _options, callback) => {
      asked += 1;
      const rebound = asked === 1 ? ['93.184.216.34', '127.0.0.1'] : ['127.0.0.1'];
      callback(
        null,
        rebound.map((address) => ({ address, family: 4 })),
      );
    };
    await expect(read(`https://rebind.example:${server.port}/`, { resolveAll })).rejects.toEqual(notPublic);
    expect(asked).toBe(1);
    expect(server.connections()).toBe(0);
  });

  it('follows redirects between trusted hosts, three at most', async () => {
    const server = await start((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end('picture');
    });
    expect(String(await read(`${server.url}/3`, trusting(server)))).toBe('picture');
    await expect(read(`${server.url}/4`, trusting(server))).rejects.toEqual(unavailable);
  });

  it.each(['https://169.254.169.254/latest/meta-data/', 'https://[::ffff:a9fe:a9fe]/', 'https://localhost/'])(
    'checks the target of a redirect like the first link: %s',
    async (location) => {
      const server = await start((_request, response) => response.writeHead(302, { location }).end());
      await expect(read(server.url, trusting(server))).rejects.toEqual(notPublic);
    },
  );

  it('refuses a redirect to plain HTTP or to a foreign host', async () => {
    const inner = await start((_request, response) => response.end());
    const server = await start((_request, response) => response.writeHead(302, { location: inner.url }).end());
    await expect(read(server.url, trusting(server))).rejects.toEqual(invalid);
    const isOutputHost = (host: string) => host === server.host;
    await expect(read(server.url, { ...trusting(server, inner), isOutputHost })).rejects.toEqual(invalid);
    expect(inner.connections()).toBe(0);
  });

  it('cuts an endless body off at the limit', async () => {
    let sent = 0;
    const server = await start((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent += 1;
      };
      response.on('drain', more);
      more();
    });
    await expect(read(server.url, { ...trusting(server), bytesMax: 200_000 })).rejects.toEqual(invalid);
    expect(sent).toBeLessThan(1_000);
  });

  it('takes exactly the limit and not a byte more', async () => {
    const server = await start((request, response) => {
      response.write(Buffer.alloc(500));
      response.end(Buffer.alloc(Number(request.url?.slice(1)) - 500));
    });
    expect(await read(`${server.url}/1000`, trusting(server))).toHaveLength(1_000);
    await expect(read(`${server.url}/1001`, trusting(server))).rejects.toEqual(invalid);
  });

  it('refuses an announced length beyond the limit before reading', async () => {
    const server = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '99999999' });
      response.write('x');
    });
    await expect(read(server.url, trusting(server))).rejects.toEqual(invalid);
  });

  it('never takes a body that ends before its announced length', async () => {
    const server = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '900' });
      response.write('x'.repeat(100), () => response.socket?.end());
    });
    await expect(read(server.url, trusting(server))).rejects.toEqual(unavailable);
  });

  it('refuses a coded body', async () => {
    const server = await start((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    await expect(read(server.url, trusting(server))).rejects.toEqual(invalid);
  });

  it('ends in its own time when the answer or the body never ends', async () => {
    const silent = await start(() => {});
    const dripping = await start((_request, response) => response.write('x'));
    for (const server of [silent, dripping]) {
      await expect(read(server.url, { ...trusting(server), timeoutMs: 200 })).rejects.toEqual(unavailable);
    }
  });

  it('gives up on silence, in the beginning and in the middle, as on something that passes', async () => {
    const silent = await start(() => {});
    const stuck = await start((_request, response) => response.write('x'));
    const passing = expect.objectContaining({ code: 'output_unavailable', isPassing: true });
    for (const server of [silent, stuck]) {
      await expect(read(server.url, { ...trusting(server), idleTimeoutMs: 200 })).rejects.toEqual(passing);
    }
  });

  it('waits for as long as something comes', async () => {
    const server = await start(async (_request, response) => {
      for (let letter = 0; letter < 12; letter += 1) {
        response.write('x');
        await sleep(100);
      }
      response.end();
    });
    expect(await read(server.url, { ...trusting(server), idleTimeoutMs: 1_000 })).toHaveLength(12);
  });

  it('stops with the reason of the caller', async () => {
    const server = await start((_request, response) => response.write('x'));
    const abort = new AbortController();
    const reading = read(server.url, { ...trusting(server), signal: abort.signal });
    abort.abort(new Error('shutting down'));
    await expect(reading).rejects.toThrow('shutting down');
  });

  it.each([
    [404, false],
    [410, false],
    [403, false],
    [429, true],
    [500, true],
    [503, true],
  ])('calls status %d unavailable; worth another try: %s', async (status, isPassing) => {
    const server = await start((_request, response) => response.writeHead(status).end());
    const error = expect.objectContaining({ code: 'output_unavailable', isPassing });
    await expect(read(server.url, trusting(server))).rejects.toEqual(error);
  });
});
