import type { Database } from '@base/shared/db/database';

/** Straight to Postgres, which is away at times. */
export type Pool = Database['pool'];

export interface AttemptRow {
  provider: string;
  status: string;
  key_source: string;
  provider_task_id: string | null;
  error_code: string | null;
  cost_usd: string | null;
  cost_at_risk_usd: string;
  created_at: string;
}

/** A job as it stands in the database, with its attempts in order. */
export interface JobRow {
  id: string;
  organization_id: string;
  type: string;
  model: string;
  status: string;
  error_code: string | null;
  credits_charged: number;
  key_source: string;
  served_provider: string | null;
  idempotency_key: string | null;
  request_id: string;
  /** What its prompt begins with, if it is one of ours. */
  mark: string | null;
  attempts: AttemptRow[];
}

/** All jobs. */
export async function readJobs(pool: Pool): Promise<JobRow[]> {
  const { rows } = await pool.query<JobRow>(`
    select j.id, j.organization_id, j.type, j.provider || '/' || j.model as model, j.status, j.error_code, j.credits_charged,
      j.key_source, j.served_provider, j.idempotency_key, j.request_id, substring(j.input::text from 'mark-[0-9a-f-]{36}') as mark,
      coalesce((
        select json_agg(json_build_object('provider', a.provider, 'status', a.status, 'key_source', a.key_source,
          'provider_task_id', a.provider_task_id, 'error_code', a.error_code, 'cost_usd', a.cost_usd::text,
          'cost_at_risk_usd', a.cost_at_risk_usd::text, 'created_at', a.created_at) order by a.number)
        from provider_attempts a where a.job_id = j.id), '[]') as attempts
    from ai_jobs j order by j.id`);
  return rows;
}

/** How many jobs have not ended. */
export async function countLiveJobs(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::integer as count from ai_jobs where status in ('pending', 'queued', 'processing')`,
  );
  return rows[0]?.count ?? 0;
}

/** Where some of the jobs that have not ended stand, one line each. */
export async function describeLiveJobs(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query(`
    select clock_timestamp() as now, j.id, j.type, j.provider || '/' || j.model as model, j.status, j.attempts, j.worker, j.created_at,
      j.enqueued_at, j.lease_expires_at, j.resume_at, substring(j.input::text from '[[]sandbox[^]]*') as directives,
      (select json_agg(json_build_array(a.provider, a.status, a.error_code, a.provider_task_id, a.created_at) order by a.number)
       from provider_attempts a where a.job_id = j.id) as attempts_made
    from ai_jobs j where j.status in ('pending', 'queued', 'processing') order by j.id limit 20`);
  return rows.map((row) => JSON.stringify(row));
}

/** What `verify_ledger()` finds, one line each. */
export async function ledgerViolations(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query('select * from public.verify_ledger()');
  return rows.map((row) => JSON.stringify(row));
}
