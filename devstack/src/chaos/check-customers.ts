import { credits } from '@base/shared/contracts/credits';
import { type Job, job as jobSchema } from '@base/shared/contracts/jobs';
import { page } from '@base/shared/contracts/wire';
import type { CustomerClient } from './customer-client.ts';
import { type Journal, orderId } from './journal.ts';
import type { Tenant } from './make-tenants.ts';
import type { Random } from './random.ts';
import type { JobRow } from './read-jobs.ts';
import type { Violations } from './rules.ts';

export interface CustomersDeps {
  tenants: readonly Tenant[];
  client: CustomerClient;
  journal: Journal;
  violations: Violations;
  random: Random;
  signal: AbortSignal;
}

const outputsMax = 50;
const jobPage = page(jobSchema);

/** Asks the API, as its customers, for everything they have, and compares it with what they were told on the way. */
export async function checkCustomers(jobs: readonly JobRow[], deps: CustomersDeps): Promise<void> {
  checkJobsOrdered(jobs, deps);
  const shown: Job[] = [];
  for (const tenant of deps.tenants) {
    const own = await listJobs(tenant, deps);
    for (const job of own) deps.journal.see(job);
    await checkBalance(tenant, own, deps);
    shown.push(...own);
  }
  const ids = new Set(shown.map(({ id }) => id));
  for (const { id } of deps.journal.jobs.values()) {
    if (!ids.has(id)) deps.violations.add('admitted_exists', `the job ${id} was admitted and is not there`);
  }
  await checkOutputs(shown, deps);
}

/** No job without an order, and no order without an answer. */
function checkJobsOrdered(jobs: readonly JobRow[], { journal, violations }: CustomersDeps): void {
  for (const job of jobs) {
    const order = journal.orders.get(orderId(job.organization_id, job.idempotency_key ?? ''));
    if (order === undefined || order.mark !== job.mark) {
      violations.add('admitted_exists', `nobody ordered ${JSON.stringify(job)}`);
    } else if (order.jobId !== job.id) {
      violations.add('one_key_one_job', `${job.id} was made for an order whose customer knows of ${order.jobId}`);
    }
  }
}

async function listJobs(tenant: Tenant, { client, violations, signal }: CustomersDeps): Promise<Job[]> {
  const found: Job[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `/jobs?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await client.callUntilDefinite({ method: 'GET', path, token: tenant.token() }, signal);
    if (answer.status !== 200) {
      violations.add('answers', `GET ${path}: ${JSON.stringify(answer)}`);
      return found;
    }
    const { data, next_cursor: next } = jobPage.parse(answer.body);
    found.push(...data);
    cursor = next;
  }
  return found;
}

async function checkBalance(tenant: Tenant, jobs: readonly Job[], deps: CustomersDeps): Promise<void> {
  const call = { method: 'GET', path: '/credits', token: tenant.token() } as const;
  const account = credits.parse((await deps.client.callUntilDefinite(call, deps.signal)).body);
  const paid = jobs.reduce((sum, job) => sum + job.credits.charged, 0);
  const held = jobs.reduce((sum, job) => sum + job.credits.held, 0);
  const expected = { balance: tenant.granted - paid, held, available: tenant.granted - paid - held };
  const actual = { balance: account.balance, held: account.held, available: account.available };
  if (JSON.stringify(actual) === JSON.stringify(expected)) return;
  const [has, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  deps.violations.add('balances', `${tenant.plan} ${tenant.organizationId} has ${has}, and should have ${should}`);
}

/** Opens a sample of the files, as a browser would. */
async function checkOutputs(jobs: readonly Job[], { random, violations }: CustomersDeps): Promise<void> {
  const files = jobs.flatMap(({ id, output }) =>
    Array.isArray(output) ? output.map((file) => ({ id, ...file })) : [],
  );
  for (const { id, url, bytes } of random.shuffle(files).slice(0, outputsMax)) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      const { byteLength } = await response.arrayBuffer();
      if (response.status === 200 && byteLength === bytes) continue;
      violations.add('outputs_open', `job ${id}: ${response.status} with ${byteLength} bytes instead of ${bytes}`);
    } catch (error) {
      violations.add('outputs_open', `job ${id}: ${error}`);
    }
  }
}
