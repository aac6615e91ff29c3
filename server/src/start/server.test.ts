import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import pg from 'pg';
import { afterEach, expect, inject, it } from 'vitest';
import { jwtSecret } from '../testing/start-api.ts';

interface Node {
  child: ChildProcess;
  url: string;
  metricsUrl: string;
  output(): string;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  server.close();
  return port;
}

async function launch(changes: Record<string, string> = {}): Promise<Node> {
  const stack = inject('stack');
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [new URL('./server.ts', import.meta.url).pathname], {
    env: {
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATABASE_URL: stack.database_url,
      REDIS_URL: stack.redis_url,
      SUPABASE_URL: stack.supabase_url,
      SUPABASE_PUBLISHABLE_KEY: stack.supabase_publishable_key,
      SUPABASE_SECRET_KEY: stack.supabase_secret_key,
      SUPABASE_JWT_SECRET: jwtSecret(),
      URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
      MASTER_KEYS: testMasterKeys,
      SHUTDOWN_SECONDS: '5',
      ...changes,
    },
  });
  children.push(child);
  const output: string[] = [];
  child.stdout?.on('data', (chunk) => void output.push(String(chunk)));
  child.stderr?.on('data', (chunk) => void output.push(String(chunk)));
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    output: () => output.join(''),
  };
}

async function untilReady({ url, output }: Node): Promise<void> {
  const status = async () => (await fetch(`${url}/api/health/ready`).catch(() => null))?.status;
  await expect.poll(status, { timeout: 20_000, message: output() }).toBe(200);
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

it('serves, measures itself on another port, and ends with 0 on SIGTERM after the request under way', async () => {
  const node = await launch();
  await untilReady(node);
  const metrics = await (await fetch(`${node.metricsUrl}/metrics`)).text();
  expect(metrics).toMatch(/http_request_duration_seconds_count\{.*route="\/health\/ready".*status="2xx"/);
  expect((await fetch(`${node.url}/metrics`)).status).toBe(404);

  // A request whose body is still on its way when the signal comes.
  const sent = request(`${node.url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  const answered = once(sent, 'response');
  sent.write('{"refresh_');
  await expect.poll(() => sent.socket?.bytesWritten ?? 0).toBeGreaterThan(0);
  node.child.kill('SIGTERM');
  await expect.poll(() => node.output()).toContain('ending: finishing what is under way');
  sent.end('token":""}');
  const [response] = await answered;
  expect(response.statusCode).toBe(422);
  response.resume();
  expect(await exitCode(node.child), node.output()).toBe(0);
  await expect(fetch(node.url)).rejects.toThrow();
});

it('cuts off what does not finish within the limit', async () => {
  const node = await launch({ SHUTDOWN_SECONDS: '1' });
  await untilReady(node);
  const sent = request(`${node.url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  const failed = once(sent, 'error');
  sent.write('{');
  await expect.poll(() => sent.socket?.bytesWritten ?? 0).toBeGreaterThan(0);
  node.child.kill('SIGTERM');
  await failed;
  expect(await exitCode(node.child)).toBe(0);
});

it('lists everything that is wrong with the environment', async () => {
  const node = await launch({ PUBLIC_URL: 'nonsense', REDIS_URL: '', PORT: 'x' });
  expect(await exitCode(node.child)).toBe(1);
  for (const name of ['PUBLIC_URL', 'REDIS_URL', 'PORT']) expect(node.output()).toContain(name);
});

it('refuses to start on a database without the migrations, in a sentence', async () => {
  const name = `empty_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: inject('stack').database_url });
  await client.connect();
  await client.query(`create database ${name}`);
  const url = new URL(inject('stack').database_url);
  url.pathname = `/${name}`;
  const node = await launch({ DATABASE_URL: url.href });
  expect(await exitCode(node.child)).toBe(1);
  await client.query(`drop database ${name} with (force)`);
  await client.end();
  expect(node.output()).toContain('npm run migrate');
  expect(node.output()).not.toContain('    at ');
});

it('starts without Redis, and says loudly that it is missing', async () => {
  const node = await launch({ REDIS_URL: 'redis://127.0.0.1:9' });
  await untilReady(node);
  expect(node.output()).toContain('REDIS DOES NOT ANSWER');
  node.child.kill('SIGTERM');
  expect(await exitCode(node.child)).toBe(0);
});
