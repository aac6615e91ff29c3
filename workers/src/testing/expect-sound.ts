import { expect, inject } from 'vitest';
import * as z from 'zod';
import type { Fleet } from './start-fleet.ts';
import { jobRows, type OrderedJob, type Tenant } from './tenant.ts';

const callsSchema = z.object({
  data: z.array(
    z.object({ prompt: z.string(), billed: z.boolean(), accepted: z.boolean(), task_id: z.string().nullable() }),
  ),
});
export type PaidCall = z.infer<typeof callsSchema>['data'][number];

const taskSchema = z.object({ status: z.string(), polls: z.number() });

/** Paid POSTs that arrived at the sandbox with this marker in their prompt, by the sandbox's own book. */
export async function paidCalls(marker: string): Promise<PaidCall[]> {
  const query = new URLSearchParams({ prompt_contains: marker });
  const response = await fetch(`${inject('stack').sandbox_url}/_sandbox/calls?${query}`);
  return callsSchema.parse(await response.json()).data;
}

/** The true state of a task at the sandbox. */
export async function providerTask(taskId: string): Promise<z.infer<typeof taskSchema>> {
  const response = await fetch(`${inject('stack').sandbox_url}/_sandbox/tasks/${taskId}`);
  return taskSchema.parse(await response.json());
}

/** Every violation of the ledger's invariants, of all tenants of the fleet. */
export async function ledgerViolations(fleet: Fleet): Promise<unknown[]> {
  return (await fleet.pool.query('select * from public.verify_ledger()')).rows;
}

interface Account {
  balance: string;
  held: string;
  active_jobs: number;
  waiting_jobs: number;
}

/**
 * What must be true once everything has ended, whatever happened before: the ledger's invariants hold, nothing of the
 * tenant is live or on hold, it paid for its completed jobs and nothing else, and the provider got at most one paid
 * request per attempt on record and charged at most once per job.
 */
export async function expectSound(fleet: Fleet, tenant: Tenant, jobs: readonly OrderedJob[]): Promise<void> {
  expect(await ledgerViolations(fleet)).toEqual([]);
  const live = await fleet.pool.query(
    `select id, status from ai_jobs where organization_id = $1 and status in ('pending', 'queued', 'processing')`,
    [tenant.organizationId],
  );
  expect(live.rows).toEqual([]);
  const rows = await jobRows(
    fleet,
    jobs.map((job) => job.id),
  );
  expect(rows.size).toBe(jobs.length);
  const charged = [...rows.values()].reduce((sum, row) => sum + Number(row.credits_charged), 0);
  const account = await fleet.pool.query<Account>(
    'select balance, held, active_jobs, waiting_jobs from credit_balances where organization_id = $1',
    [tenant.organizationId],
  );
  expect(account.rows).toEqual([
    { balance: String(tenant.credits - charged), held: '0', active_jobs: 0, waiting_jobs: 0 },
  ]);
  for (const { id, marker } of jobs) {
    const row = rows.get(id);
    const calls = await paidCalls(marker);
    const billed = calls.filter((call) => call.billed).length;
    expect({ id, calls: calls.length <= (row?.attempt_statuses.length ?? 0) }).toEqual({ id, calls: true });
    expect({ id, billed: billed <= 1 }).toEqual({ id, billed: true });
    if (row?.status === 'completed') expect({ id, billed }).toEqual({ id, billed: 1 });
  }
}
