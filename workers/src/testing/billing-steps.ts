import { expect } from 'vitest';
import type { Billing } from './start-billing.ts';
import type { Tenant } from './tenant.ts';

export interface OrderedCheckout {
  id: string;
  sessionId: string;
  url: string;
}

/** An order through the API. @throws Error when it is refused */
export async function order(billing: Billing, tenant: Tenant, body: Record<string, unknown>): Promise<OrderedCheckout> {
  const answer = await billing.call(tenant, 'POST', '/billing/checkout', body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  const id = String(answer.body.id);
  const { rows } = await billing.pool.query<{ gateway_id: string }>('select gateway_id from checkouts where id = $1', [
    id,
  ]);
  return { id, sessionId: rows[0]?.gateway_id ?? '', url: String(answer.body.url) };
}

/** Orders, pays by card and lets everybody hear of it. */
export async function buy(billing: Billing, tenant: Tenant, body: Record<string, unknown>): Promise<OrderedCheckout> {
  const checkout = await order(billing, tenant, body);
  await billing.control('POST', `/stripe/checkout/${checkout.sessionId}/pay`, {});
  await billing.settle();
  return checkout;
}

export interface Money {
  plan: string;
  available: number;
  debt: number;
  payments: number;
  claims: number;
  status: string | null;
  subscription: string | null;
  cancel_at_period_end: boolean | null;
  next_plan: string | null;
  grace_ends_at: Date | null;
  live: number;
}

/** What an organization has: credits, plan and subscription, read from the tables. */
export async function readMoney({ pool }: Billing, { organizationId }: Tenant): Promise<Money> {
  const { rows } = await pool.query<Money>(
    `select o.plan_id as plan, b.available, b.debt,
       (select count(*) from payments p where p.organization_id = o.id) as payments,
       (select count(*) from payment_claims c where c.organization_id = o.id) as claims,
       s.status, s.gateway_id as subscription, s.cancel_at_period_end, s.next_plan_id as next_plan, s.grace_ends_at,
       (select count(*) from subscriptions l where l.organization_id = o.id and l.status <> 'canceled') as live
     from organizations o join credit_balances b on b.organization_id = o.id
     left join lateral (select * from subscriptions s where s.organization_id = o.id order by (s.status = 'canceled'), s.id desc limit 1) s on true
     where o.id = $1`,
    [organizationId],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('there is no such organization');
  return found;
}

/** The same in a random order. */
export function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** The subscription's id at Stripe. */
export async function subscriptionOf(billing: Billing, tenant: Tenant): Promise<string> {
  return (await readMoney(billing, tenant)).subscription ?? '';
}

/** What refunds of the organization's last payment are made at. */
export async function lastCharge({ pool }: Billing, { organizationId }: Tenant): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'select gateway_charge_id as id from payments where organization_id = $1 order by id desc limit 1',
    [organizationId],
  );
  return rows[0]?.id ?? '';
}

export async function customerOf({ pool }: Billing, { organizationId }: Tenant): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `select gateway_customer_id as id from billing_customers where gateway = 'stripe' and organization_id = $1`,
    [organizationId],
  );
  return rows[0]?.id ?? '';
}

/** Types of the organization's event rows, oldest first. */
export async function readEventTypes({ pool }: Billing, { organizationId }: Tenant): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>(
    'select type from events where organization_id = $1 order by id',
    [organizationId],
  );
  return rows.map(({ type }) => type);
}

/** Events of the inbox that are not just done. */
export async function readInbox({
  pool,
}: Billing): Promise<{ type: string; status: string; last_error: string | null }[]> {
  const { rows } = await pool.query(
    `select type, status, last_error from payment_events where status in ('parked', 'received') order by received_at`,
  );
  return rows;
}

/** Everything that money is made of here, but for when it was last looked at. */
async function readWorld({ pool }: Billing): Promise<unknown> {
  const { rows } = await pool.query(
    `select (select jsonb_agg(to_jsonb(b) - 'updated_at' order by b.organization_id) from credit_balances b) as balances,
       (select jsonb_agg(to_jsonb(t) order by t.id) from credit_transactions t) as transactions,
       (select jsonb_agg(to_jsonb(p) order by p.id) from payments p) as payments,
       (select jsonb_agg(to_jsonb(c) - 'as_of' order by c.claim_id) from payment_claims c) as claims,
       (select jsonb_agg(to_jsonb(s) - 'as_of' - 'updated_at' order by s.id) from subscriptions s) as subscriptions,
       (select jsonb_agg(to_jsonb(i) - 'as_of' order by i.id) from invoices i) as invoices,
       (select jsonb_agg(jsonb_build_object('id', c.id, 'status', c.status, 'completed_at', c.completed_at) order by c.id) from checkouts c) as checkouts,
       (select jsonb_agg(jsonb_build_object('id', o.id, 'plan', o.plan_id, 'trial', o.trial_used_at) order by o.id) from organizations o) as organizations,
       (select jsonb_agg(to_jsonb(e) order by e.id) from events e) as events`,
  );
  return rows[0];
}

/** Has every event that has ever come carried out anew, in a random order; `types` must be among them. */
export async function expectReplayed(billing: Billing, types: readonly string[]): Promise<void> {
  const { pool } = billing;
  await billing.settle();
  const { rows } = await pool.query<{ type: string }>(
    `select distinct type from payment_events where status = 'processed'`,
  );
  expect(rows.map(({ type }) => type)).toEqual(expect.arrayContaining([...types]));
  const before = await readWorld(billing);
  await pool.query(
    `update payment_events set status = 'received', ended_at = null, attempts = 0, received_at = received_at + random() * interval '1 day'
     where status <> 'parked'`,
  );
  await billing.work();
  expect(await readInbox(billing)).toEqual([]);
  expect(await readWorld(billing)).toEqual(before);
}
