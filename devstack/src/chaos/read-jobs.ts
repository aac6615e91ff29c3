import type postgres from 'postgres';

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
  credits_charged: string;
  key_source: string;
  served_provider: string | null;
  idempotency_key: string | null;
  request_id: string;
  /** What its prompt begins with, if it is one of ours. */
  mark: string | null;
  attempts: AttemptRow[];
}

/** All jobs. */
export async function readJobs(sql: postgres.Sql): Promise<JobRow[]> {
  return sql<JobRow[]>`
    select j.id, j.organization_id, j.type, j.provider || '/' || j.model as model, j.status, j.error_code, j.credits_charged,
      j.key_source, j.served_provider, j.idempotency_key, j.request_id, substring(j.input::text from 'mark-[0-9a-f-]{36}') as mark,
      coalesce((
        select json_agg(json_build_object('provider', a.provider, 'status', a.status, 'key_source', a.key_source,
          'provider_task_id', a.provider_task_id, 'error_code', a.error_code, 'cost_usd', a.cost_usd::text,
          'cost_at_risk_usd', a.cost_at_risk_usd::text, 'created_at', a.created_at) order by a.number)
        from provider_attempts a where a.job_id = j.id), '[]') as attempts
    from ai_jobs j order by j.id`;
}

/** How many jobs have not ended, by status. */
export async function countLiveJobs(sql: postgres.Sql): Promise<Record<string, number>> {
  const rows = await sql<{ status: string; count: number }[]>`
    select status, count(*)::integer as count from ai_jobs where status in ('pending', 'queued', 'processing') group by 1`;
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
