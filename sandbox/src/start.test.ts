import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(environment: Record<string, string>) {
  const file = path.join(import.meta.dirname, 'start.ts');
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (!stream) throw new Error('no output');
  const [chunk] = await once(stream, 'data');
  return String(chunk).trim();
}

test('prints where it listens, serves, and stops on SIGTERM even while calls hang', async () => {
  const child = start({ SANDBOX_PORT: '0', SANDBOX_LATENCY_MS: '0', SANDBOX_PICTURES: 'tiny' });
  const line = await firstLine(child.stdout);
  expect(line).toMatch(/^sandbox listening on http:\/\/127\.0\.0\.1:\d+$/);
  const url = line.replace('sandbox listening on ', '');
  expect((await fetch(`${url}/_sandbox/health`)).status).toBe(200);
  const hanging = fetch(`${url}/freepik/v1/ai/mystic`, {
    method: 'POST',
    headers: { 'x-magnific-api-key': 'k', 'content-type': 'application/json', 'x-sandbox': 'fault=timeout' },
    body: '{}',
  });
  const hungUp = expect(hanging).rejects.toThrow();
  while (!(await (await fetch(`${url}/_sandbox/health`)).text()).includes('"calls":1'));
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  await hungUp;
}, 15_000);

test('a taken port and a wrong setting end it with a message that says what to do', async () => {
  const first = start({ SANDBOX_PORT: '0' });
  const port = (await firstLine(first.stdout)).split(':').at(-1) ?? '';
  const second = start({ SANDBOX_PORT: port });
  expect(await firstLine(second.stderr)).toContain(`port ${port} on 127.0.0.1 is taken`);
  const third = start({ SANDBOX_LATENCY_MS: 'fast' });
  expect(await firstLine(third.stderr)).toContain('SANDBOX_LATENCY_MS must be a whole number');
  for (const child of [second, third]) {
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(1);
  }
}, 15_000);
