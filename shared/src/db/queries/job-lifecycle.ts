import type { JobType } from '../../contracts/models/model-contract.ts';
import type { Price } from '../../credits/quote.ts';
import type { AttemptStatus, KeySource } from '../database.types.ts';
import type { Queryable } from '../queryable.ts';
import type { Fallback } from './reserve-jobs.ts';

// The functions of `supabase/migrations/*_job_lifecycle.sql`, one wrapper each: many items in, one call, one commit. What
// they promise, raise and lock is written there.

export interface BegunJob {
  id: string;
  lease_token: string;
  is_resumed: boolean;
  organization_id: string;
  user_id: string;
  type: JobType;
  provider: string;
  model: string;
  input: Record<string, unknown>;
  attempts: number;
  key_source: KeySource;
  credits_held: number;
  quoted_cost_usd: string;
  limit_units: number;
  price: Price;
  request_id: string;
  progress: number;
  created_at: Date;
  deadline_in_seconds: number;
  fallbacks: Fallback[];
  /** The organization's own key, encrypted; null when the job runs on the platform's, or the key has been removed. */
  own_key: Buffer | null;
  own_key_base_url: string | null;
  /** The live attempt. */
  attempt_id: string | null;
  attempt_status: AttemptStatus | null;
  attempt_provider: string | null;
  attempt_model: string | null;
  provider_task_id: string | null;
  attempt_age_seconds: number | null;
  attempt_created_at: Date | null;
  /** Attempts that have ended, oldest first. */
  attempts_made: { provider: string; model: string; status: AttemptStatus; error_code: string | null }[];
}

export async function beginJobs(
  db: Queryable,
  items: { id: string; leaseToken: string | null }[],
  options: { worker: string; leaseSeconds: number },
): Promise<BegunJob[]> {
  const { rows } = await db.query<BegunJob>('select * from public.begin_jobs($1::uuid[], $2::uuid[], $3, $4)', [
    items.map((item) => item.id),
    items.map((item) => item.leaseToken),
    options.worker,
    options.leaseSeconds,
  ]);
  return rows;
}

export interface Lease {
  id: string;
  leaseToken: string;
}

/** @returns the jobs still owned by this worker, and whether their customer wants them to stop. */
export async function extendLeases(
  db: Queryable,
  leases: Lease[],
  leaseSeconds: number,
): Promise<Map<string, { isCancelRequested: boolean }>> {
  const { rows } = await db.query<{ id: string; is_cancel_requested: boolean }>(
    'select id, is_cancel_requested from public.extend_leases($1::uuid[], $2::uuid[], $3)',
    [leases.map((lease) => lease.id), leases.map((lease) => lease.leaseToken), leaseSeconds],
  );
  return new Map(rows.map((row) => [row.id, { isCancelRequested: row.is_cancel_requested }]));
}

/** @returns ids still owned by this worker. */
export async function parkJobs(
  db: Queryable,
  items: (Lease & { resumeSeconds: number; progress: number | null })[],
  leaseSeconds: number,
): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'select id from public.park_jobs($1::uuid[], $2::uuid[], $3::double precision[], $4::smallint[], $5) as id',
    [
      items.map((item) => item.id),
      items.map((item) => item.leaseToken),
      items.map((item) => item.resumeSeconds),
      items.map((item) => item.progress),
      leaseSeconds,
    ],
  );
  return new Set(rows.map((row) => row.id));
}

/** @returns the attempts opened; for any other the paid call must not be made. */
export interface AttemptOpening extends Lease {
  attemptId: string;
  provider: string;
  model: string;
}

export async function openAttempts(db: Queryable, items: AttemptOpening[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'select id from public.open_attempt($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) as id',
    [
      items.map((item) => item.attemptId),
      items.map((item) => item.id),
      items.map((item) => item.leaseToken),
      items.map((item) => item.provider),
      items.map((item) => item.model),
    ],
  );
  return new Set(rows.map((row) => row.id));
}

export interface AttemptRecord {
  attemptId: string;
  status: 'submitted' | 'unknown' | 'failed' | 'abandoned';
  taskId?: string;
  costAtRiskUsd?: string;
  errorCode?: string;
  errorDetail?: string;
}

/** @returns each attempt's status afterwards. */
export async function recordAttempts(db: Queryable, items: AttemptRecord[]): Promise<Map<string, AttemptStatus>> {
  const { rows } = await db.query<{ id: string; status: AttemptStatus }>(
    'select id, status from public.record_attempt($1::uuid[], $2::public.attempt_status[], $3::text[], $4::numeric[], $5::text[], $6::text[])',
    [
      items.map((item) => item.attemptId),
      items.map((item) => item.status),
      items.map((item) => item.taskId ?? null),
      items.map((item) => item.costAtRiskUsd ?? null),
      items.map((item) => item.errorCode ?? null),
      items.map((item) => item.errorDetail ?? null),
    ],
  );
  return new Map(rows.map((row) => [row.id, row.status]));
}

/** What settling and releasing answer: jobs ended, and waiting jobs that were let in and must be enqueued. */
export interface LifecycleRow {
  kind: 'settled' | 'released' | 'promoted';
  job_id: string;
  type: JobType;
  provider: string;
  organization_id: string;
  attempts: number;
  priority: number;
}

export interface GenerationRow {
  id: string;
  storage_path: string;
  thumbnail_path: string | null;
  content_type: string;
  width: number | null;
  height: number | null;
  duration_seconds: number | null;
  bytes: number;
}

export interface Settlement extends Lease {
  credits: number;
  costUsd: string | null;
  limitUnits: number;
  tokensIn: number | null;
  tokensOut: number | null;
  output: unknown;
  generations: GenerationRow[];
}

export async function settleJobs(db: Queryable, items: Settlement[]): Promise<LifecycleRow[]> {
  const { rows } = await db.query<LifecycleRow>(
    `select * from public.settle_jobs($1::uuid[], $2::uuid[], $3::bigint[], $4::numeric[], $5::integer[], $6::integer[], $7::integer[],
      $8::jsonb[], $9::jsonb[])`,
    [
      items.map((item) => item.id),
      items.map((item) => item.leaseToken),
      items.map((item) => item.credits),
      items.map((item) => item.costUsd),
      items.map((item) => item.limitUnits),
      items.map((item) => item.tokensIn),
      items.map((item) => item.tokensOut),
      items.map((item) => JSON.stringify(item.output)),
      items.map((item) => JSON.stringify(item.generations)),
    ],
  );
  return rows;
}

export interface Release {
  id: string;
  /** Null releases whoever has the job: for cancelling only. */
  leaseToken: string | null;
  status: 'failed' | 'canceled';
  errorCode?: string;
  errorDetail?: string;
  /** What the live attempt is: `failed` when nothing was bought, else abandoned. */
  attemptStatus?: 'failed' | 'abandoned';
}

export async function releaseJobs(db: Queryable, items: Release[]): Promise<LifecycleRow[]> {
  const { rows } = await db.query<LifecycleRow>(
    `select * from public.release_jobs($1::uuid[], $2::uuid[], $3::public.job_status[], $4::text[], $5::text[], $6::public.attempt_status[])`,
    [
      items.map((item) => item.id),
      items.map((item) => item.leaseToken),
      items.map((item) => item.status),
      items.map((item) => item.errorCode ?? null),
      items.map((item) => item.errorDetail ?? null),
      items.map((item) => item.attemptStatus ?? null),
    ],
  );
  return rows;
}

/** Ends jobs past their deadline. */
export async function expireJobs(db: Queryable, limit: number): Promise<LifecycleRow[]> {
  const { rows } = await db.query<LifecycleRow>('select * from public.expire_jobs($1)', [limit]);
  return rows;
}

export interface QueuedJob {
  id: string;
  type: JobType;
  attempts: number;
  /** In seconds: how much later than now it is taken to have come. */
  priority: number;
  /** Of a job parked while its provider works: whoever takes it resumes under this lease. */
  lease_token?: string | null;
}

/** Jobs that the queue may not know of; `lost` after Redis came back empty. */
export async function claimStaleJobs(db: Queryable, limit: number, lost: boolean): Promise<QueuedJob[]> {
  const { rows } = await db.query<QueuedJob>('select * from public.claim_stale_jobs($1, $2)', [limit, lost]);
  return rows;
}

/** A job that a provider calls back about. */
export interface CallbackJob extends QueuedJob {
  /** Null while a worker is at it. */
  lease_token: string | null;
  is_over: boolean;
}

/** @returns undefined when nobody knows the task. */
export async function findCallbackJob(
  db: Queryable,
  provider: string,
  taskId: string,
): Promise<CallbackJob | undefined> {
  const { rows } = await db.query<CallbackJob>('select * from public.find_callback_job($1, $2)', [provider, taskId]);
  return rows[0];
}

/** True for exactly one caller in the fleet per interval. */
export async function claimSchedule(db: Queryable, name: string, everySeconds: number): Promise<boolean> {
  const { rows } = await db.query<{ claimed: boolean }>('select public.claim_schedule($1, $2) as claimed', [
    name,
    everySeconds,
  ]);
  return rows[0]?.claimed === true;
}
