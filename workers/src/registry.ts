import { auditLedger } from './jobs/upkeep/audit-ledger.ts';
import { cancelAbandonedTasks } from './jobs/upkeep/cancel-abandoned-tasks.ts';
import { expireOverdueJobs } from './jobs/upkeep/expire-overdue-jobs.ts';
import { forgetIdempotencyKeys } from './jobs/upkeep/forget-idempotency-keys.ts';
import { measureBacklog } from './jobs/upkeep/measure-backlog.ts';
import { relayStaleJobs } from './jobs/upkeep/relay-stale-jobs.ts';
import type { WorkerDeps } from './start/deps.ts';

/** Metrics by name, see start/report-schedules.ts. */
export type Figures = Record<string, number>;

/** Work that is due every so often and runs once for the whole fleet, whichever worker gets to it first. */
export interface Schedule {
  name: string;
  everySeconds: number;
  /** May give figures, which every worker then shows in its metrics. */
  run(deps: WorkerDeps): Promise<Figures | undefined>;
}

/** Every schedule of the system. Adding one is one file and one line here. */
export const schedules: readonly Schedule[] = [
  relayStaleJobs,
  expireOverdueJobs,
  cancelAbandonedTasks,
  measureBacklog,
  auditLedger,
  forgetIdempotencyKeys,
];
