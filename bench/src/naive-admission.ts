import type { Admission } from '@base/server/admission/admission';
import type { Database } from '@base/shared/db/database';
import type { Reservation, ReservationResult } from '@base/shared/db/queries/reserve-jobs';
import type { Logger } from '@base/shared/log/logger';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

type Pool = Database['pool'];

/** Tables of the naive design: no holds, no ledger to balance, nothing but what it needs. */
export const naiveSchema = `
  create schema bench_naive;
  create table bench_naive.accounts (organization_id uuid primary key, available bigint not null);
  create table bench_naive.jobs (
    id uuid primary key, organization_id uuid not null, user_id uuid not null, provider text not null, model text not null,
    input jsonb not null, metadata jsonb not null, credits bigint not null, status text not null, created_at timestamptz not null default now());
  create index jobs_list on bench_naive.jobs (organization_id, id desc);
  create table bench_naive.transactions (
    id bigint generated always as identity primary key, organization_id uuid not null, job_id uuid not null, amount bigint not null,
    created_at timestamptz not null default now());
  create index transactions_list on bench_naive.transactions (organization_id, id desc)`;

export interface NaiveAdmission extends Admission {
  /** Waits for the debits that are still under way. */
  close(): Promise<void>;
}

/**
 * The design that BASE replaces, as it is usually written: look at the balance, put the job into the queue, answer; the
 * debit and the rows follow afterwards. Between look and debit any number of requests see the same balance.
 */
export function createNaiveAdmission(options: {
  pool: Pool;
  redis: Redis;
  prefix: string;
  log: Logger;
}): NaiveAdmission {
  const { pool, log } = options;
  const queue = new Queue('bench-naive', { connection: options.redis, prefix: options.prefix });
  const debits = new Set<Promise<void>>();

  async function reserve(reservation: Reservation): Promise<ReservationResult> {
    const { rows } = await pool.query<{ available: number }>(
      'select available from bench_naive.accounts where organization_id = $1',
      [reservation.organizationId],
    );
    const available = rows[0]?.available ?? 0;
    if (available < reservation.credits) {
      return answer(reservation, 'insufficient_credits', { required: reservation.credits, available, held: 0 });
    }
    await queue.add('generate', { id: reservation.id }, { jobId: reservation.id, removeOnComplete: true });
    const debit = writeDown(pool, reservation)
      .catch((err: unknown) => log.error({ err }, 'a job runs that nobody paid for'))
      .finally(() => debits.delete(debit));
    debits.add(debit);
    return answer(reservation, 'admitted', null);
  }

  return {
    reserve,
    async close() {
      await Promise.all(debits);
      await queue.close();
    },
  };
}

function answer(
  { credits }: Reservation,
  code: 'admitted' | 'insufficient_credits',
  figures: Record<string, unknown> | null,
): ReservationResult {
  return {
    code,
    status: code === 'admitted' ? 'queued' : null,
    queue_position: null,
    at: new Date(),
    key_source: 'platform',
    credits,
    priority: 0,
    job: null,
    figures,
  };
}

async function writeDown(pool: Pool, job: Reservation): Promise<void> {
  await pool.query('update bench_naive.accounts set available = available - $2 where organization_id = $1', [
    job.organizationId,
    job.credits,
  ]);
  await pool.query(
    `with job as (
       insert into bench_naive.jobs (id, organization_id, user_id, provider, model, input, metadata, credits, status)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued'))
     insert into bench_naive.transactions (organization_id, job_id, amount) values ($2, $1, -$8::bigint)`,
    [
      job.id,
      job.organizationId,
      job.userId,
      job.provider,
      job.model,
      JSON.stringify(job.input),
      JSON.stringify(job.metadata),
      job.credits,
    ],
  );
}
