import { createServer } from 'node:http';
import { buildSandbox } from './app.ts';

/** Longest wait for answers under way when the process is told to stop. */
const drainMs = 2_000;

const host = process.env.SANDBOX_HOST ?? '127.0.0.1';
const port = readWholeNumber('SANDBOX_PORT', 4020);
const latencyMs = readWholeNumber('SANDBOX_LATENCY_MS', 600);
const pictures = process.env.SANDBOX_PICTURES === 'tiny' ? 'tiny' : 'full';

const server = createServer(buildSandbox({ latencyMs, pictures }));

server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EADDRINUSE') {
    exitWith(`port ${port} on ${host} is taken: stop what listens there or set SANDBOX_PORT to another port`);
  }
  exitWith(`cannot listen on ${host}:${port}: ${error.message}`);
});

server.listen(port, host, () => {
  const address = server.address();
  const boundPort = typeof address === 'object' && address ? address.port : port;
  process.stdout.write(`sandbox listening on http://${host.includes(':') ? `[${host}]` : host}:${boundPort}\n`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
    // Some answers are meant never to come, so the rest is cut off.
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
  });
}

function readWholeNumber(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d+$/.test(text)) exitWith(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

function exitWith(message: string): never {
  process.stderr.write(`sandbox: ${message}\n`);
  process.exit(1);
}
