import { randomUUID } from 'node:crypto';
import type { Job, JobStatus } from '@base/shared/contracts/jobs';
import { job as jobSchema } from '@base/shared/contracts/jobs';
import { signSession } from '@base/shared/testing/sign-session';
import { until } from '@base/shared/testing/until';
import { inject } from 'vitest';
import type { FleetProcess } from './fleet-process.ts';
import type { Fleet } from './start-fleet.ts';

export interface Tenant {
  organizationId: string;
  userId: string;
  token: string;
  /** What it started with. */
  credits: number;
}

/** A new organization as the first call with a session token makes it, on the plan and with the credits given. */
export async function newTenant(fleet: Fleet, options: { plan: string; credits: number }): Promise<Tenant> {
  const { pool } = fleet;
  const userId = randomUUID();
  const email = `${userId}@tenant.test`;
  const made = await pool.query<{ organization_id: string }>(
    'select organization_id from public.authenticate_user($1, $2, null)',
    [userId, email],
  );
  const organizationId = made.rows[0]?.organization_id ?? '';
  await pool.query('update organizations set plan_id = $1 where id = $2', [options.plan, organizationId]);
  const account = await pool.query<{ balance: string }>(
    'select balance from credit_balances where organization_id = $1',
    [organizationId],
  );
  const more = options.credits - Number(account.rows[0]?.balance);
  const grant = `public.credit_credits(array[$1::uuid], array['bonus'::public.transaction_type], array[$2::bigint], array['test'], array['start'], array['test'], array[null::timestamptz], array[null::uuid])`;
  const charge = `public.debit_credits(array[$1::uuid], array['adjustment'::public.transaction_type], array[$2::bigint], array['test'], array['start'], array['test'], array[null::uuid])`;
  if (more !== 0) await pool.query(`select * from ${more > 0 ? grant : charge}`, [organizationId, Math.abs(more)]);
  const token = signSession({ id: userId, email }, inject('stack').supabase_jwt_secret ?? '');
  return { organizationId, userId, token, credits: options.credits };
}

export interface Order {
  model?: string;
  /** Directives of the sandbox. */
  sandbox?: string;
  idempotencyKey?: string;
  /** The model's input around the prompt; `{ prompt }` when not given. */
  inputOf?(prompt: string): Record<string, unknown>;
  fallback?: boolean;
  /** What the prompt starts with, and its calls are found by; a new one when not given. */
  marker?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  marker: string;
}

/** POST /jobs, for a small, quick picture when nothing else is asked for. Rejects when the connection breaks. */
export async function postJob(api: FleetProcess, tenant: Tenant, order: Order = {}): Promise<Answer> {
  const { model = 'replicate/flux-schnell', sandbox = 'latency=150', marker = `case-${randomUUID()}` } = order;
  const { inputOf = (prompt: string) => ({ prompt }), fallback = false } = order;
  const response = await fetch(`${api.url}/api/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tenant.token}`,
      'content-type': 'application/json',
      ...(order.idempotencyKey === undefined ? {} : { 'idempotency-key': order.idempotencyKey }),
    },
    body: JSON.stringify({ model, input: inputOf(`${marker} [sandbox: picture=tiny, ${sandbox}]`), fallback }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>, // every answer of the API is an object
    marker,
  };
}

export interface OrderedJob {
  id: string;
  marker: string;
}

/** An admitted job. @throws Error when the API refuses it. */
export async function createJob(fleet: Fleet, tenant: Tenant, order: Order = {}): Promise<OrderedJob> {
  const [api] = fleet.apis;
  if (!api) throw new Error('the fleet has no API node');
  const answer = await postJob(api, tenant, order);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return { id: String(answer.body.id), marker: answer.marker };
}

/** The job as its owner sees it. */
export async function getJob(api: FleetProcess, tenant: Tenant, id: string): Promise<Job> {
  const response = await fetch(`${api.url}/api/v1/jobs/${id}`, {
    headers: { authorization: `Bearer ${tenant.token}` },
  });
  return jobSchema.parse(await response.json());
}

export interface JobRow {
  id: string;
  status: JobStatus;
  error_code: string | null;
  attempts: number;
  worker: string | null;
  credits_charged: string;
  request_id: string;
  completed_at: Date | null;
  attempt_statuses: string[];
  cost_at_risk_usd: string;
}

/** Jobs as they stand in the database, with what became of their paid calls; by id. */
export async function jobRows(fleet: Fleet, ids: readonly string[]): Promise<Map<string, JobRow>> {
  const { rows } = await fleet.pool.query<JobRow>(
    `select j.id, j.status, j.error_code, j.attempts, j.worker, j.credits_charged, j.request_id, j.completed_at,
       coalesce(a.statuses, '{}') as attempt_statuses, coalesce(a.at_risk, 0) as cost_at_risk_usd
     from ai_jobs j
     left join lateral (
       select array_agg(p.status::text order by p.number) as statuses, sum(p.cost_at_risk_usd) as at_risk
       from provider_attempts p where p.job_id = j.id) a on true
     where j.id = any ($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Waits until the jobs have one of the statuses. */
export async function waitForJobs(
  fleet: Fleet,
  jobs: readonly OrderedJob[],
  options: { statuses?: JobStatus[]; timeoutMs?: number } = {},
): Promise<JobRow[]> {
  const { statuses = ['completed', 'failed', 'canceled'], timeoutMs = 30_000 } = options;
  const ids = jobs.map((job) => job.id);
  const probe = async () => {
    const rows = [...(await jobRows(fleet, ids)).values()];
    return rows.length === ids.length && rows.every((row) => statuses.includes(row.status)) && rows;
  };
  return until(`${jobs.length} jobs are ${statuses.join(' or ')}`, probe, {
    timeoutMs,
    intervalMs: 60,
    explain: async () => explain(fleet, ids),
  });
}

async function explain(fleet: Fleet, ids: string[]): Promise<string> {
  const rows = [...(await jobRows(fleet, ids)).values()].map((row) => JSON.stringify(row));
  const logs = [...fleet.apis, ...fleet.workers].map(
    (process) => `${process.name}${process.hasEnded() ? ' (ended)' : ''}:\n${process.logged().slice(-1_500)}`,
  );
  return [...rows, ...logs].join('\n');
}
