import type { PaidCall } from './read-book.ts';
import type { JobRow } from './read-jobs.ts';
import type { Violations } from './rules.ts';

export interface PaidCallsDeps {
  calls: readonly PaidCall[];
  jobs: readonly JobRow[];
  /** The last four characters of the key that a job on this source may be paid with. */
  hintOf(job: JobRow, provider: string): string | undefined;
  violations: Violations;
}

/** Times in the two books are of one clock, to the millisecond. */
const clockStepMs = 2;

/** Compares the sandbox's book with the product's: every paid POST that arrived belongs to an attempt on record. */
export function checkPaidCalls({ calls, jobs, hintOf, violations }: PaidCallsDeps): void {
  const callsOf = Map.groupBy(calls, ({ request_id: requestId }) => requestId ?? '');
  const known = new Set(jobs.map(({ request_id: requestId }) => requestId));
  for (const [requestId, strays] of callsOf) {
    if (!known.has(requestId)) violations.add('posts_recorded', `paid for no job: ${JSON.stringify(strays)}`);
  }
  for (const job of jobs) {
    const own = callsOf.get(job.request_id) ?? [];
    checkJob(job, own, violations);
    for (const call of own) {
      if (job.mark === null || !call.prompt.includes(job.mark)) {
        violations.add('posts_recorded', `another job's order was sent: ${evidence(job, own)}`);
      }
      if (call.authorization_hint !== hintOf(job, call.provider)) {
        violations.add('right_key', `…${call.authorization_hint} at ${call.provider}: ${evidence(job, own)}`);
      }
    }
  }
}

function checkJob(job: JobRow, calls: readonly PaidCall[], violations: Violations): void {
  const { attempts, status } = job;
  if (!isEachRecorded(job, calls)) violations.add('posts_recorded', evidence(job, calls));
  const billed = calls.filter((call) => call.billed);
  // Another provider may be paid when the first one's result was of no use; that is an attempt of its own.
  if (new Set(billed.map((call) => call.provider)).size < billed.length)
    violations.add('billed_once', evidence(job, calls));
  const successes = attempts.filter((attempt) => attempt.status === 'succeeded');
  if (status === 'completed') {
    const isBought = billed.some((call) => call.accepted && call.provider === job.served_provider);
    if (!isBought || successes.length !== 1) violations.add('bought', evidence(job, calls));
    return;
  }
  if (status !== 'failed' && status !== 'canceled') return; // Not ended: that is told elsewhere.
  if (job.credits_charged !== 0) violations.add('failed_is_free', evidence(job, calls));
  if (successes.length > 0) violations.add('bought', evidence(job, calls));
  const hasCost = attempts.some(
    ({ cost_usd: cost, cost_at_risk_usd: atRisk }) => Number(cost) > 0 || Number(atRisk) > 0,
  );
  if (billed.length > 0 && !hasCost) violations.add('waste_recorded', evidence(job, calls));
}

/** Each provider's n-th paid POST comes after the n-th attempt with it was written. */
function isEachRecorded({ attempts }: JobRow, calls: readonly PaidCall[]): boolean {
  return [...Map.groupBy(calls, (call) => call.provider)].every(([provider, arrived]) => {
    const written = attempts.filter((attempt) => attempt.provider === provider);
    return arrived.every((call, index) => {
      const attempt = written[index];
      return attempt !== undefined && Date.parse(attempt.created_at) <= Date.parse(call.at) + clockStepMs;
    });
  });
}

function evidence({ attempts, ...job }: JobRow, calls: readonly PaidCall[]): string {
  return [
    `job ${JSON.stringify(job)}`,
    ...attempts.map((attempt) => `attempt ${JSON.stringify(attempt)}`),
    ...calls.map((call) => `arrived ${JSON.stringify(call)}`),
  ].join('\n');
}
