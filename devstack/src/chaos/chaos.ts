import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { removeDataDir, stopLeftovers } from '../remove-data-dir.ts';
import { describeRun } from './report-run.ts';
import { runChaos } from './run-chaos.ts';

// npm run chaos                     two minutes of faults on a system of its own
// npm run chaos -- --minutes 10     longer
//   --seed 7                        the faults of an earlier run again
//   --jobs-per-second 2             how many customers come
//   --keep                          leaves the data directory, with all logs
//
// Exit code 0 when everything that must be true was true, 1 when not, 130 when it was broken off.

const defaults = { minutes: 2, jobsPerSecond: 4 };

const values = readArguments();
const minutes = readNumber('minutes', values.minutes ?? String(defaults.minutes), 600);
const jobsPerSecond = readNumber('jobs-per-second', values['jobs-per-second'] ?? String(defaults.jobsPerSecond), 200);
const seed = readSeed(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());

process.exitCode = await main();

async function main(): Promise<number> {
  console.log(`Seed ${seed}, ${minutes} minutes, ${jobsPerSecond} jobs a second`);
  const dataDir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-chaos-')));
  chmodSync(dataDir, 0o755); // Postgres may run as another user.
  try {
    const { signal } = interruption;
    const report = await runChaos({ minutes, seed, jobsPerSecond, dataDir, report: console.log, signal });
    for (const line of describeRun(report)) console.log(line);
    return report.violations.count === 0 ? 0 : 1;
  } catch (error) {
    if (interruption.signal.aborted) return 130;
    console.error(error);
    return 1;
  } finally {
    if (values.keep) {
      await stopLeftovers(dataDir);
      console.log(`\nThe data is kept in ${dataDir}`);
    } else await removeDataDir(dataDir);
  }
}

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    const options = { minutes: text, seed: text, 'jobs-per-second': text, keep: { type: 'boolean' } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (text !== '' && number > 0 && number <= max) return number;
  return refuse(`--${name} must be a number above 0, ${max} at most, not "${text}"`);
}

function readSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  return refuse(`--seed must be a whole number below 2^32, not "${text}"`);
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
