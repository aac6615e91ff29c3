import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '@base/shared/db/database';
import { checkCustomers } from './check-customers.ts';
import { checkPaidCalls } from './check-paid-calls.ts';
import { CustomerClient } from './customer-client.ts';
import { healAll, injectFaults } from './inject-faults.ts';
import { Journal } from './journal.ts';
import { makeTenants, type Tenant } from './make-tenants.ts';
import { type Fault, planFaults } from './plan-faults.ts';
import { createRandom } from './random.ts';
import { type BookCopy, copyBook, keepCopying } from './read-book.ts';
import { countLiveJobs, describeLiveJobs, type JobRow, ledgerViolations, type Pool, readJobs } from './read-jobs.ts';
import { readLogs } from './read-logs.ts';
import type { ChaosReport } from './report-run.ts';
import { Violations } from './rules.ts';
import { runLoad } from './run-load.ts';
import { type System, startSystem } from './start-system.ts';

export interface ChaosOptions {
  minutes: number;
  /** The same seed gives the same faults at the same times; what they meet on their way is chance. */
  seed: number;
  jobsPerSecond: number;
  /** A new directory that anybody may enter: Postgres may run as another user. */
  dataDir: string;
  report(line: string): void;
  signal: AbortSignal;
}

/** Everything that a run's phases share. */
interface Run {
  options: ChaosOptions;
  system: System;
  pool: Pool;
  book: BookCopy;
  violations: Violations;
  journal: Journal;
  client: CustomerClient;
  tenants: readonly Tenant[];
  secrets: readonly string[];
}

const bookEveryMs = 60_000;
/** Waiting lines are worked off and breakers close in this time, also on a slow machine. */
const drainMaxMs = 180_000;
const settleMs = 15_000;

/**
 * Starts a whole system, has customers order from it while faults strike, then lets it rest and compares all books.
 * @throws Error when the system cannot be started, or the run is broken off; nothing is left running in any case.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedMs = performance.now();
  const violations = new Violations();
  const { dataDir, signal, report } = options;
  let isClosing = false;
  const onMisconduct = (what: string): void => {
    if (!isClosing) violations.add('processes', what);
  };
  const system = await startSystem({ dataDir, signal, onMisconduct });
  report(`✓ the system is up in ${path.resolve(dataDir)}`);
  const database = openDatabase({ url: system.databaseUrl, poolMax: 4, applicationName: 'chaos', onError: () => {} });
  try {
    const run = await prepareRun(options, { system, pool: database.pool, violations });
    const { faults, recoverySeconds } = await strike(run);
    const found = await checkEverything(run);
    const starts = Object.fromEntries([...system.processes.values()].map(({ name, starts: count }) => [name, count()]));
    isClosing = true;
    return {
      ...{ seed: options.seed, minutes: options.minutes, faults, recoverySeconds, violations, starts, ...found },
      orders: run.journal.orders.size,
      answers: run.client.answers,
      durationSeconds: (performance.now() - startedMs) / 1000,
    };
  } finally {
    isClosing = true;
    await database.close();
    await system.close();
  }
}

async function prepareRun(
  options: ChaosOptions,
  { system, pool, violations }: Pick<Run, 'system' | 'pool' | 'violations'>,
): Promise<Run> {
  const { secrets: own, environment } = system;
  const platformKeys = Object.entries(environment).flatMap(([name, key]) =>
    /_API_(KEY|TOKEN)$/.test(name) ? [key] : [],
  );
  const { postgresPassword, jwtSecret, supabaseSecretKey, urlSigningSecret, masterKey } = own;
  const secrets = [postgresPassword, jwtSecret, supabaseSecretKey, urlSigningSecret, masterKey, ...platformKeys];
  const publicPort = Number(new URL(system.apiUrl).port);
  const client = new CustomerClient({ apiUrl: system.apiUrl, secrecy: { secrets, publicPort }, violations });
  const tenants = await makeTenants({ client, pool, jwtSecret, signal: options.signal });
  // The client looks for them from here on, too.
  secrets.push(...tenants.flatMap(({ ownKeys }) => Object.values(ownKeys)));
  options.report(`✓ ${tenants.length} organizations`);
  const book = copyBook(system.sandboxUrl);
  return { options, system, pool, violations, secrets, client, tenants, book, journal: new Journal(violations) };
}

/** Faults and customers, until the time is over; then until the last job has ended. */
async function strike(run: Run): Promise<{ faults: Fault[]; recoverySeconds: number | null }> {
  const { options, system, pool, client, journal, violations } = run;
  const { signal, seed, jobsPerSecond } = options;
  const patience = new AbortController();
  const giveUp = AbortSignal.any([signal, patience.signal]);
  const random = createRandom(seed + 1);
  const deps = { apiUrl: system.apiUrl, client, journal, violations, random, signal: giveUp };
  const load = runLoad(run.tenants, { jobsPerSecond, deps, pool });
  const copying = keepCopying(run.book, bookEveryMs, giveUp);
  const plan = planFaults(seed, options.minutes * 60_000);
  try {
    const onFault = ({ kind, target, durationMs }: Fault) => options.report(`  ${kind} ${target} ${durationMs} ms`);
    const faults = await injectFaults(plan, system, { signal, onFault });
    signal.throwIfAborted();
    await healAll(system);
    const healedMs = performance.now();
    options.report('✓ the faults are over');
    await system.untilReady(60_000).catch((error: unknown) => violations.add('processes', String(error)));
    client.expectCalm(settleMs);
    load.stop();
    const isDone = await untilAllEnded(run, load.ended);
    return { faults, recoverySeconds: isDone ? (performance.now() - healedMs) / 1000 : null };
  } finally {
    load.stop();
    patience.abort();
    await Promise.all([load.ended, copying]);
  }
}

/** Whether the last customer has left and the last job has ended in time. */
async function untilAllEnded({ pool, options, violations }: Run, customersLeft: Promise<void>): Promise<boolean> {
  const endMs = performance.now() + drainMaxMs;
  let hasLeft = false;
  void customersLeft.then(() => {
    hasLeft = true;
  });
  for (;;) {
    options.signal.throwIfAborted();
    if (hasLeft && (await countLiveJobs(pool)) === 0) return true;
    if (performance.now() > endMs) {
      for (const line of await describeLiveJobs(pool)) violations.add('jobs_end', line);
      if (!hasLeft) violations.add('orders_answered', `customers still wait ${drainMaxMs / 1000} s after the faults`);
      return false;
    }
    await pause(100);
  }
}

async function checkEverything(
  run: Run,
): Promise<{ jobs: JobRow[]; calls: ReturnType<BookCopy['calls']>; callbacks: Record<string, number> }> {
  const { system, pool, violations, tenants, client, journal, options } = run;
  for (const line of await ledgerViolations(pool)) violations.add('ledger', line);
  const jobs = await readJobs(pool);
  await run.book.update();
  const calls = run.book.calls();
  const hintOf = createHints(run);
  checkPaidCalls({ calls, jobs, hintOf, violations });
  const random = createRandom(options.seed + 2);
  await checkCustomers(jobs, { tenants, client, journal, violations, random, signal: options.signal });
  const { callbacks, leaks, fatal } = await readLogs(system.logDir, run.secrets);
  for (const line of leaks) violations.add('silence', line);
  for (const line of fatal) violations.add('processes', line);
  return { jobs, calls, callbacks };
}

/** The last characters of the key that a job is to be paid with. */
function createHints({ tenants, system }: Run): (job: JobRow, provider: string) => string | undefined {
  const byId = new Map(tenants.map((tenant) => [tenant.organizationId, tenant]));
  return (job, provider) => {
    if (job.key_source === 'organization') return byId.get(job.organization_id)?.ownKeys[provider]?.slice(-4);
    const name = provider.replaceAll('-', '_').toUpperCase();
    return (system.environment[`${name}_API_KEY`] ?? system.environment[`${name}_API_TOKEN`])?.slice(-4);
  };
}
