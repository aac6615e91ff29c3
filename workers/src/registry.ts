import { auditLedger } from './jobs/upkeep/audit-ledger.ts';
import { cancelAbandonedTasks } from './jobs/upkeep/cancel-abandoned-tasks.ts';
import { expireOverdueJobs } from './jobs/upkeep/expire-overdue-jobs.ts';
import { forgetIdempotencyKeys } from './jobs/upkeep/forget-idempotency-keys.ts';
import { relayStaleJobs } from './jobs/upkeep/relay-stale-jobs.ts';
import type { WorkerDeps } from './start/deps.ts';

/** Work that is due every so often and runs once for the whole fleet, whichever worker gets to it first. */
export interface Schedule {
  name: string;
  everySeconds: number;
  run(deps: WorkerDeps): Promise<void>;
}

/** Every schedule of the system. Adding one is one file and one line here. */
export const schedules: readonly Schedule[] = [
  relayStaleJobs,
  expireOverdueJobs,
  cancelAbandonedTasks,
  auditLedger,
  forgetIdempotencyKeys,
];
