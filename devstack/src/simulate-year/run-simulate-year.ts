import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { removeDataDir, stopLeftovers } from '../remove-data-dir.ts';
import { describeYear } from './report-year.ts';
import { simulateYear } from './simulate-year.ts';

// npm run simulate:year                     40 subscribers for a year, on a system of its own whose clock is moved
// npm run simulate:year -- --subscribers 200
//   --months 4                              a part of a year
//   --seed 7                                an earlier run again
//   --asaas-share 0.4                       how many are at home at Asaas; the others at Stripe
//   --keep                                  leaves the data directory, with its database
//
// Exit code 0 when every figure was the model's, 1 when not, 130 when it was broken off.

const defaults = { subscribers: 40, months: 12, asaasShare: 0.4 };
const daysOfMonth = 365 / 12;

const values = readArguments();
const subscribers = readNumber('subscribers', values.subscribers ?? String(defaults.subscribers), 2_000);
const months = readNumber('months', values.months ?? String(defaults.months), 24);
const asaasShare = readShare(values['asaas-share'] ?? String(defaults.asaasShare));
const seed = readSeed(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());

process.exitCode = await main();

async function main(): Promise<number> {
  console.log(`Seed ${seed}, ${subscribers} subscribers, ${months} months`);
  const dataDir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-year-')));
  chmodSync(dataDir, 0o755); // Postgres may run as another user.
  try {
    const { signal } = interruption;
    const days = Math.round(months * daysOfMonth);
    const report = await simulateYear({ subscribers, days, seed, asaasShare, dataDir, report: console.log, signal });
    for (const line of describeYear(report)) console.log(line);
    return report.differences.length === 0 ? 0 : 1;
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
    const options = {
      subscribers: text,
      months: text,
      seed: text,
      'asaas-share': text,
      keep: { type: 'boolean' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number > 0 && number <= max) return number;
  return refuse(`--${name} must be a whole number above 0, ${max} at most, not "${text}"`);
}

function readShare(text: string): number {
  const share = Number(text);
  if (text !== '' && share >= 0 && share <= 1) return share;
  return refuse(`--asaas-share must be a number from 0 to 1, not "${text}"`);
}

function readSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  return refuse(`--seed must be a whole number below 2^32, not "${text}"`);
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
