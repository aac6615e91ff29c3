import path from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { makeLocalWorld } from './make-local-world.ts';
import { makeTokenWorld } from './make-token-world.ts';
import { printReport } from './print-report.ts';
import { readStackFile } from './read-stack-file.ts';
import type { World } from './world.ts';

// npm run fuzz -- [--requests 100000] [--seed 1] [--only 4711]
//   against the stack that `npm start` runs, or the one that --stack <stack.json> describes
// npm run fuzz -- --url https://api.example.com --token <session token or API key>
//   against any API, as one account. That account's credits are spent and its rows are changed;
//   beyond its limit of requests most answers are 429.
//
// Sends requests made from the API's OpenAPI document; exit code 1 on any 5xx, leak or changed balance.

const defaultStackFile = path.resolve(import.meta.dirname, '../../../.data/stack.json');

interface Target {
  apiUrl: string;
  world: World;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      only: { type: 'string' },
      stack: { type: 'string', default: defaultStackFile },
      url: { type: 'string' },
      token: { type: 'string' },
    },
  });
  const requests = readCount('requests', values.requests);
  const seed = readCount('seed', values.seed);
  const only = values.only === undefined ? {} : { only: readCount('only', values.only) };
  const { apiUrl, world } = await findTarget(values, requests);
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  try {
    say(`${requests} requests to ${apiUrl}, seed ${seed}`);
    const report = await fuzz({
      ...{ apiUrl, requests, seed, ...only, world, signal: interruption.signal },
      report: (sent) => say(`  ${sent}`),
    });
    say(printReport(report, { apiUrl, ...(values.token === undefined ? {} : { token: values.token }) }));
    return report.failures.length + report.changes.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
}

async function findTarget(
  { url, token, stack: file }: { url?: string | undefined; token?: string | undefined; stack: string },
  requests: number,
): Promise<Target> {
  if (url !== undefined && token !== undefined) {
    const apiUrl = new URL(url).origin;
    return { apiUrl, world: await makeTokenWorld(apiUrl, token) };
  }
  if (url !== undefined || token !== undefined) throw new Error('--url and --token belong together.');
  const stack = await readStackFile(file);
  return { apiUrl: stack.apiUrl, world: await makeLocalWorld(stack, requests) };
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (/^\d{1,10}$/.test(text) && count < 2 ** 32) return count;
  throw new Error(`--${name} must be a whole number below 4294967296, not "${text}".`);
}
