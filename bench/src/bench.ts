import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { removeDataDir } from '@base/devstack/remove-data-dir';
import { runningStack } from '@base/devstack/stack-file';
import type { BenchContext } from './bench-context.ts';
import { type BenchPlan, fullPlan, quickPlan } from './bench-plan.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { checkOversell } from './check-oversell.ts';
import { type MachineFacts, readMachineFacts } from './machine-facts.ts';
import { makeAccounts } from './make-accounts.ts';
import { createReservationMaker } from './make-reservation.ts';
import { measureAdmission } from './measure-admission.ts';
import { measureAgeing } from './measure-ageing.ts';
import { measureFairness } from './measure-fairness.ts';
import { measureInFlight } from './measure-in-flight.ts';
import { measureLifeCycle } from './measure-life-cycle.ts';
import { measureLimits } from './measure-limits.ts';
import { measureOutputs } from './measure-outputs.ts';
import { measureSingleRequest } from './measure-single-request.ts';
import { measureStreams } from './measure-streams.ts';
import { measureWebhooks } from './measure-webhooks.ts';
import { naiveSchema } from './naive-admission.ts';
import { printTable } from './print-table.ts';
import type { Section } from './section.ts';
import { runSoak } from './soak.ts';

// `npm run bench [-- --json] [-- --quick] [-- --soak --minutes 10]`: see README.md beside this folder.

const dataRoot = path.resolve(import.meta.dirname, '../../.data');
const startedAt = performance.now();
const say = (line: string): void => {
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
};

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    soak: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
  },
});
const minutes = Number(flags.minutes);
if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not "${flags.minutes}"`);
await removeAbandoned();
const stack = await startBenchStack(path.join(dataRoot, `bench-${process.pid}`), say);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: stopping`);
    stack.stop().finally(() => process.exit(1));
  });
}
try {
  const problems = await run(stack, flags.quick === true ? quickPlan : fullPlan);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  await stack.stop();
}

/** @returns what must not have happened. */
async function run(stack: BenchStack, plan: BenchPlan): Promise<string[]> {
  const { pool, db } = stack.database;
  const machine = await readMachineFacts(stack);
  await pool.query(naiveSchema);
  const credits = 1_000_000_000;
  const bench: BenchContext = {
    plan,
    stack,
    accounts: {
      many: await makeAccounts(pool, { count: plan.organizations, credits }),
      hot: await makeAccounts(pool, { count: 1, credits }),
    },
    makeReservation: await createReservationMaker(db),
    say,
    problems: [],
  };
  const sections: Section[] = [];
  const report = (section: Section): void => {
    sections.push(section);
    if (flags.json !== true) process.stdout.write(`${printTable(section)}\n`);
  };
  if (flags.json !== true) process.stdout.write(`${describeMachine(machine)}\n\n`);

  await (flags.soak === true ? runSoak(bench, minutes).then(report) : measureAll(bench, report));
  await auditLedger(bench);
  finish(bench, machine, sections);
  return bench.problems;
}

async function measureAll(bench: BenchContext, report: (section: Section) => void): Promise<void> {
  const { stack } = bench;
  report(await measureInFlight(bench));
  const [naive, unbatched, batched] = [
    await stack.startApi('naive'),
    await stack.startApi('unbatched'),
    await stack.startApi('batched'),
  ];
  const apis = { naive, unbatched, batched };
  report(await measureAdmission(bench, apis));
  report(await measureSingleRequest(bench, apis));
  report(await checkOversell(bench, apis));
  // The third one stays: providers call back there.
  await Promise.all([naive.stop(), unbatched.stop()]);
  report(await measureStreams(bench, batched));
  report(await measureLimits(bench));
  report(await measureLifeCycle(bench));
  report(await measureFairness(bench));
  report(await measureAgeing(bench));
  report(await measureOutputs(bench));
  report(await measureWebhooks(bench));
}

async function auditLedger({ stack, problems }: BenchContext): Promise<void> {
  say('verify_ledger()');
  const { rows } = await stack.database.pool.query('select * from public.verify_ledger()');
  if (rows.length > 0) problems.push(`verify_ledger() has ${rows.length} rows: ${JSON.stringify(rows.slice(0, 3))}`);
}

function finish({ plan, problems }: BenchContext, machine: MachineFacts, sections: readonly Section[]): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ machine, plan, seconds, problems, sections }, null, 2)}\n`);
    return;
  }
  const verdict = problems.length === 0 ? 'Nothing failed, and verify_ledger() is empty.' : problems.join('\n');
  process.stdout.write(`${verdict} (${seconds} s)\n`);
}

function describeMachine(facts: MachineFacts): string {
  const { fsync = '?', synchronous_commit: commit = '?' } = facts.postgresSettings;
  return [
    `${facts.cores} cores (${facts.cpu}), ${facts.memoryGib} GiB, ${facts.system}, load average ${facts.loadAverage.toFixed(1)}`,
    `Node ${facts.node}, PostgreSQL ${facts.postgres} (fsync ${fsync}, synchronous_commit ${commit}), Redis ${facts.redis}`,
    `One flush to this disk takes ${facts.flushUs.toFixed(0)} µs; cloud disks often take 1,000 and more, which costs unbatched calls most.`,
  ].join('\n');
}

/** Removes what benchmarks that were killed have left: their servers still run. */
async function removeAbandoned(): Promise<void> {
  const names = existsSync(dataRoot) ? await readdir(dataRoot) : [];
  for (const name of names.filter((candidate) => candidate.startsWith('bench-'))) {
    const dataDir = path.join(dataRoot, name);
    if ((await runningStack(dataDir)) === undefined) await removeDataDir(dataDir);
  }
}
