import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import type { Logger } from '@base/shared/log/logger';
import type { Provider } from '../providers/provider.ts';

/** One job while a worker has it. */
export interface Step {
  job: BegunJob;
  /**
   * The provider with the key that this job runs on; null when that is the organization's own and it is gone or cannot be
   * read. A provider that this build does not know throws.
   */
  connect(provider: string): Provider | null;
  /** Aborts when the lease is lost, or when the process is to end. */
  signal: AbortSignal;
  log: Logger;
}

/** What a step ends with: the job is over (or somebody else's), or it is to be looked at again. */
export type StepResult = { kind: 'over' } | { kind: 'wait'; ms: number; progress: number | null };

export const over = { kind: 'over' } as const satisfies StepResult;

export function waitFor(ms: number, progress: number | null = null): StepResult {
  return { kind: 'wait', ms: Math.round(ms), progress };
}

/** Doubles with each try, up to a bound, with some chance in it so that many do not come back at once. */
export function backoffMs(tries: number, bounds: { firstMs: number; mostMs: number }): number {
  const full = Math.min(bounds.mostMs, bounds.firstMs * 2 ** Math.max(0, tries));
  return full * (0.75 + Math.random() * 0.5);
}
