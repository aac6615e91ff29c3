import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { localEnvironment } from './devstack/src/environment.ts';
import { pickFreePorts } from './devstack/src/ports.ts';
import { removeDataDir } from './devstack/src/remove-data-dir.ts';
import { startStack } from './devstack/src/stack.ts';
import { runningStack, type StackInfo } from './devstack/src/stack-file.ts';
import { testMasterKeys } from './shared/src/testing/master-keys.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackInfo;
  }
}

const dataRoot = path.join(import.meta.dirname, '.data');

/** Brings up one stack for all tests, with data of its own, and takes it down whatever happened. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const dataDir = path.join(dataRoot, `test-${process.pid}`);
  const lines: string[] = [];
  try {
    const stack = await startStack({
      dataDir,
      ports: await pickFreePorts(),
      environment: localEnvironment(),
      nodeEnv: 'test',
      isDurable: false,
      variables: {
        LOG_LEVEL: 'warn',
        WORKER_LEASE_SECONDS: '5',
        POLL_INTERVAL_MS: '100',
        RECONCILE_SECONDS: '3',
        SANDBOX_LATENCY_MS: '200',
        // API nodes inside the tests encrypt what the stack's worker decrypts.
        MASTER_KEYS: testMasterKeys,
      },
      report: (step, durationMs) => lines.push(durationMs === undefined ? step : `${step} ${durationMs} ms`),
      onPartLost: (part, log) =>
        process.stderr.write(`\n${part} ended during the tests. The end of its log:\n${log}\n`),
    });
    process.stderr.write(`stack for the tests: ${lines.join(' · ')}\n`);
    await stack.publish(null);
    project.provide('stack', stack.info);
    return async () => {
      await stack.stop().finally(() => removeDataDir(dataDir));
    };
  } catch (error) {
    await removeDataDir(dataDir);
    throw error;
  }
}

/** Removes what test runs that were killed have left: their servers still run. */
async function removeAbandoned(): Promise<void> {
  const names = existsSync(dataRoot) ? await readdir(dataRoot) : [];
  for (const name of names.filter((candidate) => candidate.startsWith('test-'))) {
    const dataDir = path.join(dataRoot, name);
    if ((await runningStack(dataDir)) === undefined) await removeDataDir(dataDir);
  }
}
