import { Batcher } from '@base/shared/concurrency/batcher';
import type { AttemptStatus } from '@base/shared/db/database.types';
import { isRefusedByPostgres } from '@base/shared/db/is-refused-by-postgres';
import {
  type AttemptOpening,
  type AttemptRecord,
  type BegunJob,
  beginJobs,
  type Lease,
  type LifecycleRow,
  openAttempts,
  parkJobs,
  type Release,
  recordAttempts,
  releaseJobs,
  type Settlement,
  settleJobs,
} from '@base/shared/db/queries/job-lifecycle';
import type { Queryable } from '@base/shared/db/queryable';

/** The life cycle functions as one job sees them; calls of many jobs travel together. */
export interface JobStore {
  /** Null when the job is not ours: it ended, waits, or somebody else has it. */
  begin(item: { id: string; leaseToken: string | null }): Promise<BegunJob | null>;
  /** False when the job is lost, or has a live attempt: then the paid call must not be made. */
  openAttempt(item: AttemptOpening): Promise<boolean>;
  recordAttempt(item: AttemptRecord): Promise<AttemptStatus | null>;
  /** False when the job is lost. */
  park(item: Lease & { resumeSeconds: number; progress: number | null }): Promise<boolean>;
  settle(item: Settlement): Promise<Ended>;
  release(item: Release): Promise<Ended>;
}

export interface Ended {
  /** False when the job was not ours any more; nothing was changed then. */
  isDone: boolean;
  /** Waiting jobs that were let in meanwhile: the caller enqueues them. */
  promoted: LifecycleRow[];
}

export interface JobStoreOptions {
  pool: Queryable;
  worker: string;
  leaseSeconds: number;
}

export function createJobStore({ pool, worker, leaseSeconds }: JobStoreOptions): JobStore {
  const settings = { sizeMax: 128, lanesMax: 1, isItemError: isRefusedByPostgres };

  const begins = new Batcher<{ id: string; leaseToken: string | null }, BegunJob | null>(async (items) => {
    const begun = new Map((await beginJobs(pool, items, { worker, leaseSeconds })).map((job) => [job.id, job]));
    // Two messages about one job in one batch: only one of them gets it.
    return items.map((item) => take(begun, item.id));
  }, settings);
  const opens = new Batcher<AttemptOpening, boolean>(async (items) => {
    const opened = await openAttempts(pool, items);
    return items.map((item) => opened.has(item.attemptId));
  }, settings);
  const records = new Batcher<AttemptRecord, AttemptStatus | null>(async (items) => {
    const statuses = await recordAttempts(pool, items);
    return items.map((item) => statuses.get(item.attemptId) ?? null);
  }, settings);
  const parks = new Batcher<Lease & { resumeSeconds: number; progress: number | null }, boolean>(async (items) => {
    const owned = await parkJobs(pool, items, leaseSeconds);
    return items.map((item) => owned.has(item.id));
  }, settings);
  const settlements = new Batcher<Settlement, Ended>(
    async (items) => presentEnded(items, await settleJobs(pool, items)),
    settings,
  );
  const releases = new Batcher<Release, Ended>(
    async (items) => presentEnded(items, await releaseJobs(pool, items)),
    settings,
  );

  return {
    begin: (item) => begins.add(item),
    openAttempt: (item) => opens.add(item),
    recordAttempt: (item) => records.add(item),
    park: (item) => parks.add(item),
    settle: (item) => settlements.add(item),
    release: (item) => releases.add(item),
  };
}

function take<T>(map: Map<string, T>, key: string): T | null {
  const value = map.get(key) ?? null;
  map.delete(key);
  return value;
}

/** The first item of a batch carries everything that was promoted: it is to be enqueued once. */
function presentEnded(items: readonly { id: string }[], rows: LifecycleRow[]): Ended[] {
  const done = new Set(rows.filter((row) => row.kind !== 'promoted').map((row) => row.job_id));
  const promoted = rows.filter((row) => row.kind === 'promoted');
  return items.map((item, index) => ({ isDone: done.has(item.id), promoted: index === 0 ? promoted : [] }));
}
