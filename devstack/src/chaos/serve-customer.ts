import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isFinal, type Job, job as jobSchema } from '@base/shared/contracts/jobs';
import { ApiCallError, createApiClient } from '../api-client.ts';
import type { Answer, Call, CustomerClient } from './customer-client.ts';
import type { Journal } from './journal.ts';
import { makeOrder, type Order } from './make-order.ts';
import type { Tenant } from './make-tenants.ts';
import type { Random } from './random.ts';
import type { Violations } from './rules.ts';

export interface CustomerDeps {
  apiUrl: string;
  client: CustomerClient;
  journal: Journal;
  violations: Violations;
  random: Random;
  /** Aborts when nobody waits for customers any more. */
  signal: AbortSignal;
}

/** Refusals that are right: the customer has no credits, no right, no room, or a key that its provider refused. */
const properRefusals = new Set([
  'insufficient_credits',
  'credits_on_hold',
  'plan_limit_reached',
  'feature_not_in_plan',
  'provider_key_invalid',
  'queue_full',
]);

/** One customer: orders something, perhaps watches it, changes their mind, or has it tried again. */
export async function serveCustomer(tenant: Tenant, deps: CustomerDeps): Promise<void> {
  const { random } = deps;
  const order = makeOrder(random, tenant.plan);
  const ordered = await placeOrder(tenant, order, deps);
  if (ordered === null) return;
  if (order.isEndless || random.isOneIn(0.05)) {
    await pause(random.between(0, 4_000));
    return cancel(tenant, ordered, deps);
  }
  const chance = random.next();
  let last: Job | null = ordered;
  if (chance < 0.2) last = await follow(tenant, ordered, deps);
  else if (chance < 0.35) last = await pollSometimes(tenant, ordered, deps);
  const isToRetry = last?.status === 'failed' && random.isOneIn(0.4);
  if (isToRetry) await send(tenant, order, { path: `/jobs/${ordered.id}/retry` }, deps);
}

/** Sends an order until the answer is definite; null when it was properly refused. */
async function placeOrder(tenant: Tenant, order: Order, deps: CustomerDeps): Promise<Job | null> {
  const { random } = deps;
  const headers: Record<string, string> = random.isOneIn(0.12) ? { prefer: 'wait=4' } : {};
  return send(tenant, order, { path: '/jobs', body: order.body, headers }, deps);
}

/** POSTs with an idempotency key: repeated after silence and outages, and sometimes without need. */
async function send(
  tenant: Tenant,
  order: Order,
  request: Pick<Call, 'path' | 'body' | 'headers'>,
  { client, journal, violations, random, signal }: CustomerDeps,
): Promise<Job | null> {
  const key = randomUUID();
  const call = (): Call => ({
    ...request,
    method: 'POST',
    token: tenant.token(),
    headers: { ...request.headers, 'idempotency-key': key },
  });
  journal.openOrder(tenant.organizationId, key, order.mark);
  const admit = (answer: Answer): Job | null => {
    if (answer.status !== 201 && answer.status !== 202) return null;
    const job = jobSchema.parse(answer.body);
    journal.admit(tenant.organizationId, key, job);
    return job;
  };
  // Some leave before the answer comes, and ask again.
  if (random.isOneIn(0.06)) await client.call({ ...call(), timeoutMs: Math.round(random.between(5, 150)) });
  const answer = await client.callUntilDefinite(call(), signal);
  const job = admit(answer);
  if (job === null) {
    if (!properRefusals.has(answer.code)) violations.add('answers', `POST ${request.path}: ${JSON.stringify(answer)}`);
    if (answer.code === 'provider_key_invalid') await renewKey(tenant, answer, client, signal);
    return null;
  }
  if (!random.isOneIn(0.1)) return job;
  const again = admit(await client.callUntilDefinite(call(), signal));
  if (again === null)
    violations.add('one_key_one_job', `the key ${key} of job ${job.id} was refused when it came again`);
  return job;
}

/** The provider has refused the organization's own key: its owner stores another. */
async function renewKey(tenant: Tenant, { body }: Answer, client: CustomerClient, signal: AbortSignal): Promise<void> {
  const provider = String(body.provider);
  const key = tenant.ownKeys[provider];
  if (key === undefined) return;
  const path = `/provider-keys/${provider}`;
  await client.callUntilDefinite({ method: 'PUT', path, token: tenant.token(), body: { key } }, signal);
}

async function cancel(
  tenant: Tenant,
  { id }: Job,
  { client, journal, violations, signal }: CustomerDeps,
): Promise<void> {
  const path = `/jobs/${id}/cancel`;
  const answer = await client.callUntilDefinite({ method: 'POST', path, token: tenant.token() }, signal);
  // A text that is being written is stopped, and charged as far as it goes: 202.
  if (answer.status === 200 || answer.status === 202) journal.see(jobSchema.parse(answer.body));
  else if (answer.code !== 'job_finished') violations.add('answers', `POST ${path}: ${JSON.stringify(answer)}`);
}

/** Looks a few times; gives the job as it was last seen. */
async function pollSometimes(tenant: Tenant, { id }: Job, deps: CustomerDeps): Promise<Job | null> {
  const { client, journal, random, violations, signal } = deps;
  let last: Job | null = null;
  for (let looks = 0; looks < 6; looks += 1) {
    await pause(random.between(300, 1_500));
    const path = `/jobs/${id}`;
    const answer = await client.callUntilDefinite({ method: 'GET', path, token: tenant.token() }, signal);
    if (answer.status !== 200) {
      violations.add('admitted_exists', `GET ${path}: ${JSON.stringify(answer)}`);
      return null;
    }
    last = jobSchema.parse(answer.body);
    journal.see(last);
    if (isFinal(last.status)) break;
  }
  return last;
}

const followMaxMs = 45_000;

/** Follows the job's events, opening the stream again when it breaks; gives the job as it was last seen. */
async function follow(tenant: Tenant, { id }: Job, deps: CustomerDeps): Promise<Job | null> {
  const { apiUrl, client, journal } = deps;
  const path = `/jobs/${id}/events`;
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(followMaxMs)]);
  let last: Job | null = null;
  while (!signal.aborted) {
    try {
      for await (const { event, data } of createApiClient(apiUrl, tenant.token()).events(path, signal)) {
        client.inspect(`GET ${path}`, 200, data);
        if (event !== 'job') continue;
        last = jobSchema.parse(JSON.parse(data));
        journal.see(last);
        if (isFinal(last.status)) return last;
      }
    } catch (error) {
      client.count(error instanceof ApiCallError ? String(error.status) : 'none');
      if (error instanceof ApiCallError) client.inspect(`GET ${path}`, error.status, error.message);
    }
    await pause(300); // It broke: a browser comes back, but not at once.
  }
  return last;
}
