import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDemo } from './demo.ts';
import { readEnvironment } from './environment.ts';
import { doMainJob } from './main-job.ts';
import { defaultPorts } from './ports.ts';
import { loadSecrets } from './secrets.ts';
import { type Stack, startStack } from './stack.ts';
import type { StackInfo } from './stack-file.ts';

// npm start             the whole stack, one picture made as a new customer would, then up until Ctrl-C
// npm start -- --once   the same, then down again; exit code 0 only when all of it worked

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const dataDir = path.join(root, '.data');
const isOnce = process.argv.includes('--once');
const startedMs = Date.now();

/** npm and a terminal may both send the same Ctrl-C; only a later one is a second. */
const doublePressMs = 500;

const interruption = new AbortController();
let stack: Stack | undefined;
let firstSignalMs = 0;
let exitCode = 0;
let isUp = false;
const finished = Promise.withResolvers<void>();
const interrupted = Promise.withResolvers<never>();
interrupted.promise.catch(() => {}); // Whoever waits for it is told; often nobody does.
interruption.signal.addEventListener('abort', () => interrupted.reject(interruption.signal.reason));

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onSignal());
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    stack = await startEverything();
    await Promise.race([useStack(stack), interrupted.promise]);
    if (!isOnce) {
      isUp = true;
      printSummary(stack.info);
      await finished.promise;
    }
  } catch (error) {
    if (!interruption.signal.aborted) say(`\n${error instanceof Error ? error.message : error}`);
    exitCode = interruption.signal.aborted ? 130 : 1;
  }
  if (stack !== undefined) {
    say('Stopping (Ctrl-C again to stop at once) …');
    await stack.stop();
    say('Stopped. The data is kept in .data');
  }
  return exitCode;
}

function startEverything(): Promise<Stack> {
  const environment = readEnvironment(root);
  return startStack({
    dataDir,
    ports: defaultPorts(environment.portOffset),
    environment,
    nodeEnv: 'development',
    isDurable: true,
    report: step,
    onPartLost: (part, lines) => {
      say(`\n${part} has ended although nobody asked it to. The end of its log:\n${lines}`);
      exitCode = 1;
      finished.resolve();
    },
    signal: interruption.signal,
  });
}

async function useStack({ info, publish }: Stack): Promise<void> {
  const { demoPassword } = await loadSecrets(dataDir);
  const stepMs = Date.now();
  const demo = await ensureDemo({
    apiUrl: info.api_url,
    databaseUrl: info.database_url,
    dataDir,
    password: demoPassword,
    seedFile: path.join(root, 'supabase', 'seed.sql'),
  });
  await publish(demo);
  step('demo account', Date.now() - stepMs);
  say('\nThe main job, as a new customer does it through the public API:');
  await doMainJob(info.api_url, dataDir, say);
  say(`\nDone in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
}

function printSummary(info: StackInfo): void {
  const { demo } = info;
  say(`
API        ${info.api_url}
Docs       ${info.docs_url}
Demo       ${demo?.email}   password ${demo?.password}
API key    ${demo?.api_key}
Metrics    ${info.metrics_url}   ${info.worker_metrics_url}
Sandbox    ${info.sandbox_url} (stands in for providers without a key)
Logs       ${path.join(dataDir, 'logs')}
All of it  ${path.join(dataDir, 'stack.json')}

Try it:
  curl -sS ${info.api_url}/api/v1/jobs -H 'Authorization: Bearer ${demo?.api_key}' -H 'Content-Type: application/json' -d '{"model":"replicate/flux-schnell","input":{"prompt":"a lighthouse at dusk"}}'

Ctrl-C stops everything.`);
}

function onSignal(): void {
  const now = Date.now();
  if (firstSignalMs === 0) {
    firstSignalMs = now;
    if (!isUp) interruption.abort();
    finished.resolve();
  } else if (now - firstSignalMs > doublePressMs) {
    say('Stopping at once.');
    (stack?.kill() ?? Promise.resolve()).finally(() => process.exit(130));
  }
}

function step(name: string, durationMs?: number): void {
  say(durationMs === undefined ? `  ${name}` : `✓ ${name} ${(durationMs / 1000).toFixed(1)} s`);
}

function say(line: string): void {
  console.log(line);
}
