import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type FleetProcess, startProcess } from './fleet-process.ts';

/**
 * One address behind which a new sandbox can be put at any time: its clock goes forward only, and API nodes keep the
 * address that they were started with.
 */
export interface SwappableSandbox {
  url: string;
  /** Requests since the last swap, as `POST /asaas/v3/payments`. */
  requests(): readonly string[];
  swap(): Promise<void>;
  close(): Promise<void>;
}

export async function startSwappableSandbox(env: Record<string, string>): Promise<SwappableSandbox> {
  const dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-sandbox-')));
  let current: FleetProcess | null = null;
  let target = '';
  let count = 0;
  let requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    // A connection that breaks there breaks here, too.
    forward(target, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    async swap() {
      await current?.kill();
      count += 1;
      const started = await startProcess({
        name: `sandbox-${count}`,
        script: 'sandbox/src/start.ts',
        env: { ...env, SANDBOX_PORT: '0' },
        logFile: path.join(dir, `sandbox-${count}.log`),
        url: '',
        isReady: (sandbox) => sandbox.logged().includes('listening'),
        mayEnd: false,
      });
      current = started;
      target = /http:\S+/.exec(started.logged())?.[0] ?? '';
      requests = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await current?.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function forward(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // without an encoding set, chunks are buffers
  const { host: _, connection: __, ...headers } = request.headers;
  const method = request.method ?? 'GET';
  const answer = await fetch(target + request.url, {
    method,
    redirect: 'manual',
    headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' && name !== 'content-length' ? [[name, value]] : [],
    ),
    ...(method !== 'GET' && method !== 'HEAD' && { body: Buffer.concat(chunks) }),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  const kept = [...answer.headers].filter(
    ([name]) => !['content-length', 'transfer-encoding', 'connection'].includes(name),
  );
  response.writeHead(answer.status, Object.fromEntries(kept)).end(body);
}
