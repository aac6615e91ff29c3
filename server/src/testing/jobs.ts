import { randomUUID } from 'node:crypto';
import type { Job } from '@base/shared/contracts/jobs';
import { isFinal, job as jobSchema } from '@base/shared/contracts/jobs';
import { until } from '@base/shared/testing/until';
import { expect, inject } from 'vitest';
import type { TestTenant } from './make-tenant.ts';
import type { Answer, TestApi } from './start-api.ts';

export interface Order {
  model?: string;
  /** Directives of the sandbox, see sandbox/README.md. */
  sandbox?: string;
  /** What the prompt begins with; new when not given, so that the order's calls can be found. */
  marker?: string;
  input?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** POST /jobs for a small picture. */
export async function order(api: TestApi, tenant: TestTenant, options: Order = {}): Promise<Answer> {
  const { model = 'replicate/flux-schnell', sandbox = 'latency=50', marker = newMarker() } = options;
  const prompt = `${marker} [sandbox: picture=tiny, ${sandbox}]`;
  const body = { model, input: { prompt, ...options.input } };
  return api.call('POST', '/api/v1/jobs', {
    token: tenant.token,
    body,
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  });
}

export function newMarker(): string {
  return `order-${randomUUID()}`;
}

/** An admitted job. */
export async function orderJob(api: TestApi, tenant: TestTenant, options: Order = {}): Promise<Job> {
  const answer = await order(api, tenant, options);
  expect(answer.status, answer.text).toBe(202);
  return jobSchema.parse(answer.body);
}

export async function readJob(api: TestApi, tenant: TestTenant, id: string): Promise<Job> {
  const answer = await api.call('GET', `/api/v1/jobs/${id}`, { token: tenant.token });
  expect(answer.status, answer.text).toBe(200);
  return jobSchema.parse(answer.body);
}

/** The job once it has ended. */
export async function endOf(api: TestApi, tenant: TestTenant, id: string): Promise<Job> {
  return until(
    `job ${id} ends`,
    async () => {
      const job = await readJob(api, tenant, id);
      return isFinal(job.status) && job;
    },
    { timeoutMs: 45_000, intervalMs: 60, explain: async () => JSON.stringify(await readJob(api, tenant, id)) },
  );
}

export interface Account {
  available: number;
  held: number;
  balance: number;
}

export async function readAccount(api: TestApi, tenant: TestTenant): Promise<Account> {
  const answer = await api.call('GET', '/api/v1/credits', { token: tenant.token });
  expect(answer.status, answer.text).toBe(200);
  const { available, held, balance } = answer.body as unknown as Account; // checked against its schema by the API in tests
  return { available, held, balance };
}

export async function setBalance(api: TestApi, tenant: TestTenant, credits: number): Promise<void> {
  const { balance } = await readAccount(api, tenant);
  const add = `credit_credits(array[$1::uuid], array['bonus'::transaction_type], array[$2::bigint], array['test'], array[$3], array['test'],
    array[null::timestamptz], array[null::uuid])`;
  const take = `debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[$2::bigint], array['test'], array[$3], array['test'],
    array[null::uuid])`;
  if (credits === balance) return;
  await api.deps.pool.query(`select * from ${credits > balance ? add : take}`, [
    tenant.organizationId,
    Math.abs(credits - balance),
    randomUUID(),
  ]);
}

/** `verify_ledger()` of one organization has nothing to say. */
export async function expectSoundLedger(api: TestApi, tenant: TestTenant): Promise<void> {
  const { rows } = await api.deps.pool.query('select * from public.verify_ledger($1)', [tenant.organizationId]);
  expect(rows).toEqual([]);
}

export interface PaidCall {
  provider: string;
  billed: boolean;
  task_id: string | null;
  status_code: number | null;
}

/** What the sandbox's own book says of an order: every paid POST that arrived. */
export async function paidCalls(marker: string): Promise<PaidCall[]> {
  const response = await fetch(`${inject('stack').sandbox_url}/_sandbox/calls?prompt_contains=${marker}`);
  const { data } = (await response.json()) as { data: PaidCall[] }; // the sandbox's documented answer
  return data;
}
