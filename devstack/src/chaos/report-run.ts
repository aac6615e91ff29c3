import type { Fault } from './plan-faults.ts';
import type { PaidCall } from './read-book.ts';
import type { JobRow } from './read-jobs.ts';
import { type Rule, rules, type Violations } from './rules.ts';

export interface ChaosReport {
  seed: number;
  minutes: number;
  faults: readonly Fault[];
  orders: number;
  jobs: readonly JobRow[];
  calls: readonly PaidCall[];
  answers: ReadonlyMap<string, number>;
  callbacks: Record<string, number>;
  /** Starts of each process. */
  starts: Record<string, number>;
  /** From the end of the last fault to the end of the last job; null when it did not come. */
  recoverySeconds: number | null;
  durationSeconds: number;
  violations: Violations;
}

const evidenceMax = 10;

/** What happened and what was found, in lines. */
export function describeRun(report: ChaosReport): string[] {
  const { jobs, faults, violations } = report;
  const kinds = countBy(faults, ({ kind }) => kind);
  const outcomes = countBy(jobs, ({ status, error_code: code }) => (code === null ? status : `${status} ${code}`));
  const { recoverySeconds } = report;
  return [
    section(`Faults: ${faults.length} of ${kinds.size} kinds`, kinds),
    section('Starts of processes', new Map(Object.entries(report.starts))),
    section(`Jobs: ${jobs.length} admitted of ${report.orders} ordered`, outcomes),
    section(
      'Jobs by type',
      countBy(jobs, ({ type }) => type),
    ),
    section('Paid POSTs per job', postsPerJob(report)),
    section(
      'Attempts per job',
      countBy(jobs, ({ attempts }) => String(attempts.length)),
    ),
    section('Callbacks received, by answer', new Map(Object.entries(report.callbacks))),
    section('HTTP answers by status', report.answers),
    [
      '',
      `Seed ${report.seed}, ${report.minutes} minutes of faults, ${report.durationSeconds.toFixed(0)} s in all; ${
        recoverySeconds === null
          ? 'jobs were left over'
          : `all done ${recoverySeconds.toFixed(1)} s after the last fault`
      }`,
      '',
      'What must be true',
    ],
    (Object.keys(rules) as Rule[]).flatMap((rule) => describeRule(rule, violations.of(rule))), // the keys of the table
  ].flat();
}

function describeRule(rule: Rule, evidence: readonly string[]): string[] {
  if (evidence.length === 0) return [`  ✓ ${rules[rule]}`];
  const shown = evidence.slice(0, evidenceMax).map((text) => `      ${text.replaceAll('\n', '\n        ')}`);
  const more = evidence.length > evidenceMax ? [`      … and ${evidence.length - evidenceMax} more`] : [];
  return [`  ✗ ${rules[rule]}: violated ${evidence.length} times`, ...shown, ...more];
}

function postsPerJob({ jobs, calls }: ChaosReport): Map<string, number> {
  const posts = countBy(calls, (call) => call.request_id ?? '');
  return countBy(jobs, (job) => String(posts.get(job.request_id) ?? 0));
}

function section(title: string, figures: ReadonlyMap<string, number>): string[] {
  const sorted = [...figures].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return ['', title, ...sorted.map(([name, count]) => `  ${name.padEnd(34)} ${String(count).padStart(7)}`)];
}

function countBy<T>(list: readonly T[], nameOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return counts;
}
