import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// npm run check: everything that can be checked without running the product, one after another, all of them reported.

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

interface Check {
  name: string;
  script: string;
  args: string[];
  /** Output that means that the check did not look at what it should. */
  isBlind?: RegExp;
}

const sources = ['shared/src', 'server/src', 'workers/src', 'sandbox/src', 'devstack/src', 'bench/src'];
const checks: Check[] = [
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'lint and format', script: 'node_modules/@biomejs/biome/bin/biome', args: ['check', '.'] },
  {
    name: 'arrows between folders',
    script: 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.cjs', ...sources],
    isBlind: /missing-tsc-transpiler/,
  },
  { name: 'database types', script: 'devstack/src/generate-db-types.ts', args: ['--check'] },
  { name: 'documentation', script: 'devstack/src/check-docs.ts', args: [] },
];

const failed: string[] = [];
for (const check of checks) {
  console.log(`\n── ${check.name}`);
  const startedMs = Date.now();
  const isGood = await passes(check);
  console.log(`${isGood ? '✓' : '✗'} ${check.name} ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  if (!isGood) failed.push(check.name);
}
console.log(failed.length === 0 ? `\nAll ${checks.length} checks passed.` : `\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function passes({ script, args, isBlind }: Check): Promise<boolean> {
  const child = spawn(process.execPath, [path.join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const show = (chunk: Buffer) => {
    output += chunk;
    process.stdout.write(chunk);
  };
  child.stdout.on('data', show);
  child.stderr.on('data', show);
  const [code] = await once(child, 'close');
  return code === 0 && isBlind?.test(output) !== true;
}
