import { openDatabase } from '@base/shared/db/database';
import { createAsaas } from '@base/shared/gateways/asaas/client';
import type { Clock } from '@base/shared/gateways/clock';
import { createStripe } from '@base/shared/gateways/stripe/client';
import { createLogger } from '@base/shared/log/logger';
import { asaasSandboxToken, sandboxGatewayVariables } from '@base/shared/testing/sandbox-variables';
import type { Pool } from 'pg';
import { createAsaasPayments } from '../billing/asaas/asaas-payments.ts';
import { endReplaced } from '../billing/end-replaced-subscriptions.ts';
import type { PaymentContext, PaymentGateway } from '../billing/gateway.ts';
import { passTimeNow } from '../billing/pass-time.ts';
import { processBatch } from '../billing/process-payment-events.ts';
import { createStripePayments } from '../billing/stripe/stripe-payments.ts';
import { type Fleet, type StackTools, startFleet } from './start-fleet.ts';
import { type SwappableSandbox, startSwappableSandbox } from './swappable-sandbox.ts';
import { newTenant, type Tenant } from './tenant.ts';

export interface HeldEvent {
  event_id: string;
  body: string;
  headers: Record<string, string>;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Who pays in tests. */
export const payer = { name: 'Ana Souza', cpf_cnpj: '529.982.247-25' };

/**
 * For tests: API nodes with a database of their own, and an Asaas that is new for each test and whose time passes when
 * the test says so. Nothing is delivered and no worker runs unless the test does it.
 */
export interface AsaasBilling {
  pool: Pool;
  sandbox: SwappableSandbox;
  clock: Clock;
  deps: PaymentContext & { paymentGateways: ReadonlyMap<'stripe' | 'asaas', PaymentGateway> };
  /** A new Asaas, and today's date everywhere. */
  reset(): Promise<void>;
  newTenant(): Promise<Tenant>;
  /** Calls the API as that tenant. */
  call(tenant: Tenant, method: string, path: string, body?: unknown, node?: number): Promise<Answer>;
  /** Asaas' own API, as the merchant's staff would use it. */
  api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** What goes on outside of the API, under `/_sandbox`. */
  control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  takeEvents(gateway?: 'asaas' | 'stripe'): Promise<HeldEvent[]>;
  /** Sends events to the API in this order. @returns the statuses */
  send(events: readonly Pick<HeldEvent, 'body' | 'headers'>[], gateway?: 'asaas' | 'stripe'): Promise<number[]>;
  /** Carries out everything in the inbox, also what waits to be tried again. */
  work(): Promise<void>;
  /** Takes, sends and works until there is nothing more to hear. */
  settle(): Promise<HeldEvent[]>;
  /** Lets time pass at Asaas, settles, and lets it pass here. */
  advance(days: number): Promise<void>;
  violations(): Promise<unknown[]>;
  close(): Promise<void>;
}

export async function startAsaas(tools: StackTools, apiNodes = 1): Promise<AsaasBilling> {
  const sandbox = await startSwappableSandbox(tools.systemVariables());
  const variables = { ...sandboxGatewayVariables(sandbox.url), CORS_ORIGINS: 'https://app.test' };
  const fleet = await startFleet({ tools, apiNodes, workers: 0, variables }).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  const database = openDatabase({
    url: String(fleet.pool.options.connectionString),
    poolMax: 10,
    applicationName: 'asaas-test',
    onError: () => {},
  });
  // Months pass here for accounts that began today: the free plan's credits would only be noise.
  await database.pool.query(`update plans set monthly_credits = 0 where id = 'free'`);
  return build({ fleet, pool: database.pool, sandbox, variables }, async () => {
    await database.close();
    await fleet.close();
    await sandbox.close();
  });
}

interface Parts {
  fleet: Fleet;
  pool: Pool;
  sandbox: SwappableSandbox;
  variables: Record<string, string>;
}

function build({ fleet, pool, sandbox, variables }: Parts, close: () => Promise<void>): AsaasBilling {
  let aheadMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs) };
  const deps = buildDeps(pool, clock, sandbox.url, variables.ASAAS_API_KEY ?? '');
  const billing: AsaasBilling = {
    pool,
    sandbox,
    clock,
    deps,
    ...buildCalls(fleet, sandbox.url),
    async reset() {
      await sandbox.swap();
      aheadMs = 0;
      const webhook = { mode: 'hold', url: 'http://127.0.0.1:9/', token: asaasSandboxToken };
      await billing.control('PUT', '/asaas/webhook', webhook);
    },
    newTenant: () => newTenant(fleet, { plan: 'free', credits: 0 }),
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
    async advance(days) {
      const to = new Date(clock.now().getTime() + days * 86_400_000);
      await billing.control('PUT', '/clock', { now: to.toISOString() });
      aheadMs = to.getTime() - Date.now();
      await billing.settle();
      await passTimeNow(deps);
    },
    violations: async () => (await pool.query('select * from public.verify_ledger()')).rows,
    close,
  };
  return billing;
}

/** What the worker's jobs need, against both gateways. */
function buildDeps(pool: Pool, clock: Clock, sandboxUrl: string, apiKey: string): AsaasBilling['deps'] {
  const log = createLogger({ level: 'silent', process: 'test' });
  const context: PaymentContext = { pool, clock, graceDays: 7, log };
  const baseUrl = `${sandboxUrl}/asaas/v3`;
  const asaas = createAsaas({ apiKey, baseUrl, userAgent: 'base-tests', timeoutMs: 5_000 });
  const stripe = createStripe({ secretKey: 'sk_test_sandbox', baseUrl: sandboxUrl });
  return {
    ...context,
    paymentGateways: new Map([
      ['asaas' as const, createAsaasPayments({ ...context, asaas })],
      ['stripe' as const, createStripePayments({ ...context, stripe })],
    ]),
  };
}

type Calls = Pick<AsaasBilling, 'call' | 'api' | 'control' | 'takeEvents' | 'send'>;

const apiHeaders = { access_token: '$aact_hmlg_staff', 'user-agent': 'staff', 'content-type': 'application/json' };

function buildCalls(fleet: Fleet, sandboxUrl: string): Calls {
  const ask = async (method: string, path: string, body: unknown, headers: Record<string, string>) => {
    const sent = method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) };
    const answer = await fetch(sandboxUrl + path, { method, headers, ...sent });
    const found = (await answer.json()) as Record<string, unknown>; // the sandbox answers objects
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(found)}`);
    return found;
  };
  return {
    async call(tenant, method, at, body, node = 0) {
      const response = await fetch(`${fleet.apis[node]?.url}/api/v1${at}`, {
        method,
        headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }; // the API answers objects
    },
    api: (method, path, body) => ask(method, `/asaas/v3${path}`, body, apiHeaders),
    control: (method, path, body) => ask(method, `/_sandbox${path}`, body, {}),
    async takeEvents(gateway = 'asaas') {
      const at = gateway === 'stripe' ? `?at=${new Date().toISOString()}` : '';
      const answer = await fetch(`${sandboxUrl}/_sandbox/${gateway}/outbox${at}`);
      return (await answer.json()) as HeldEvent[]; // the sandbox's own form
    },
    async send(events, gateway = 'asaas') {
      const statuses: number[] = [];
      for (const { headers, body } of events) {
        const url = `${fleet.apis[0]?.url}/api/v1/webhooks/${gateway}`;
        const answer = await fetch(url, { method: 'POST', headers, body });
        statuses.push(answer.status);
        await answer.body?.cancel();
      }
      return statuses;
    },
  };
}
