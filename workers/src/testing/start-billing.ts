import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDatabase } from '@base/shared/db/database';
import type { Clock } from '@base/shared/gateways/clock';
import { createStripe, type StripeClient } from '@base/shared/gateways/stripe/client';
import { createLogger } from '@base/shared/log/logger';
import { sandboxGatewayVariables } from '@base/shared/testing/sandbox-variables';
import type { Pool } from 'pg';
import { endReplaced } from '../billing/end-replaced-subscriptions.ts';
import type { PaymentContext, PaymentGateways } from '../billing/gateway.ts';
import { passTimeNow } from '../billing/pass-time.ts';
import { processBatch } from '../billing/process-payment-events.ts';
import { createStripePayments } from '../billing/stripe/stripe-payments.ts';
import type { WorkerDeps } from '../start/deps.ts';
import { type FleetProcess, startProcess } from './fleet-process.ts';
import { type Fleet, type StackTools, startFleet } from './start-fleet.ts';
import { newTenant, type Tenant } from './tenant.ts';

/** What Stripe has to say and has not been heard. */
export interface HeldEvent {
  event_id: string;
  type: string;
  body: string;
  headers: Record<string, string>;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/**
 * For tests: API nodes with a database and a Stripe of their own, whose time passes when the test says so. Nothing is
 * delivered and no worker runs unless the test does it.
 */
export interface Billing {
  fleet: Fleet;
  pool: Pool;
  stripe: StripeClient;
  clock: Clock;
  /** For the worker's jobs, in this process. */
  deps: PaymentContext & { paymentGateways: PaymentGateways };
  newTenant(): Promise<Tenant>;
  /** Calls the API as that tenant. */
  call(tenant: Tenant, method: string, path: string, body?: unknown, node?: number): Promise<Answer>;
  /** Does what customers and banks do, see the sandbox's README. */
  control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Takes what Stripe would send now. */
  takeEvents(): Promise<HeldEvent[]>;
  /** Sends events to the API in this order. @returns the statuses */
  send(events: readonly HeldEvent[]): Promise<number[]>;
  /** Carries out everything in the inbox, also what waits to be tried again. */
  work(): Promise<void>;
  /** Takes, sends and works until there is nothing more to hear. */
  settle(): Promise<HeldEvent[]>;
  /** The same in the form that schedules take, of which they use no more than `deps`. */
  workerDeps: WorkerDeps;
  /** `deps` whose gateway does not answer. */
  withoutGateway(): Billing['deps'];
  /** Lets time pass at Stripe and for the worker's jobs, and nothing else. */
  advanceClock(days: number): Promise<void>;
  /** Lets time pass at Stripe, settles, and lets it pass here. */
  advance(days: number): Promise<void>;
  violations(): Promise<unknown[]>;
  close(): Promise<void>;
}

export async function startBilling(tools: StackTools, apiNodes = 1): Promise<Billing> {
  const dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'base-billing-')));
  const sandbox = await startSandbox(dir, tools);
  const url = /http:\S+/.exec(sandbox.logged())?.[0] ?? '';
  const variables = { ...sandboxGatewayVariables(url), CORS_ORIGINS: 'https://app.test' };
  const fleet = await startFleet({ tools, apiNodes, workers: 0, variables }).catch(async (error: unknown) => {
    await sandbox.kill();
    throw error;
  });
  const database = openDatabase({
    url: String(fleet.pool.options.connectionString),
    poolMax: 10,
    applicationName: 'billing-test',
    onError: () => {},
  });
  // Months pass here for accounts that began today: the free plan's credits would only be noise.
  await database.pool.query(
    `update plans set monthly_credits = case id when 'free' then 0 else monthly_credits end,
       trial_days = case id when 'business' then 14 else 0 end, trial_credits = case id when 'business' then 40 else 0 end`,
  );
  return buildBilling(fleet, database.pool, url, async () => {
    await database.close();
    await fleet.close();
    await sandbox.kill();
    rmSync(dir, { recursive: true, force: true });
  });
}

function startSandbox(dir: string, tools: StackTools): Promise<FleetProcess> {
  return startProcess({
    name: 'sandbox',
    script: 'sandbox/src/start.ts',
    env: { ...tools.systemVariables(), SANDBOX_PORT: '0' },
    logFile: path.join(dir, 'sandbox.log'),
    url: '',
    isReady: (started) => started.logged().includes('listening'),
    mayEnd: false,
  });
}

function buildBilling(fleet: Fleet, pool: Pool, sandboxUrl: string, close: () => Promise<void>): Billing {
  let aheadMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs) };
  const stripe = createStripe({ secretKey: 'sk_test_sandbox', baseUrl: sandboxUrl });
  const context: PaymentContext = {
    pool,
    clock,
    graceDays: 7,
    log: createLogger({ level: 'silent', process: 'test' }),
  };
  const paymentGateways = new Map([['stripe' as const, createStripePayments({ ...context, stripe })]]);
  const deps = { ...context, paymentGateways };
  const control: Billing['control'] = async (method, at, body) => {
    const answer = await fetch(`${sandboxUrl}/_sandbox${at}`, { method, body: JSON.stringify(body ?? {}) });
    const found = (await answer.json()) as Record<string, unknown>; // every control answers an object
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(found)}`);
    return found;
  };
  const billing: Billing = {
    fleet,
    pool,
    stripe,
    clock,
    deps,
    newTenant: () => newTenant(fleet, { plan: 'free', credits: 0 }),
    call: (tenant, method, at, body, node = 0) => callApi(fleet, node, tenant, method, at, body),
    control,
    async takeEvents() {
      const answer = await fetch(`${sandboxUrl}/_sandbox/stripe/outbox?at=${new Date().toISOString()}`);
      return (await answer.json()) as HeldEvent[]; // the sandbox's own form
    },
    async send(events) {
      const statuses: number[] = [];
      for (const { headers, body } of events) {
        const answer = await fetch(`${fleet.apis[0]?.url}/api/v1/webhooks/stripe`, { method: 'POST', headers, body });
        statuses.push(answer.status);
        await answer.body?.cancel();
      }
      return statuses;
    },
    async work() {
      await pool.query(`update payment_events set next_attempt_at = clock_timestamp() where status = 'received'`);
      while ((await processBatch(deps)) > 0);
    },
    async settle() {
      const all: HeldEvent[] = [];
      for (let events = await billing.takeEvents(); events.length > 0; events = await billing.takeEvents()) {
        all.push(...events);
        await billing.send(events);
        await billing.work();
        await endReplaced(deps);
      }
      return all;
    },
    // Schedules are made for a worker that has much more.
    workerDeps: deps as unknown as WorkerDeps,
    withoutGateway() {
      const nowhere = createStripe({ secretKey: 'sk_test_sandbox', baseUrl: 'http://127.0.0.1:9' });
      return { ...deps, paymentGateways: new Map([['stripe', createStripePayments({ ...context, stripe: nowhere })]]) };
    },
    async advanceClock(days) {
      const to = new Date(clock.now().getTime() + days * 86_400_000);
      await control('PUT', '/clock', { now: to.toISOString() });
      aheadMs = to.getTime() - Date.now();
    },
    async advance(days) {
      await billing.advanceClock(days);
      await billing.settle();
      await passTimeNow(deps);
    },
    violations: async () => (await pool.query('select * from public.verify_ledger()')).rows,
    close,
  };
  return billing;
}

async function callApi(
  fleet: Fleet,
  node: number,
  tenant: Tenant,
  method: string,
  at: string,
  body: unknown,
): Promise<Answer> {
  const response = await fetch(`${fleet.apis[node]?.url}/api/v1${at}`, {
    method,
    headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }; // the API answers objects
}
