import type { Queryable } from '../queryable.ts';
import type { Gateway } from './billing.ts';

/** What the gateways call our customers and prices. */

export async function findCustomer(pool: Queryable, gateway: Gateway, organizationId: string): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>(
    'select gateway_customer_id as id from public.billing_customers where gateway = $1 and organization_id = $2',
    [gateway, organizationId],
  );
  return rows[0]?.id ?? null;
}

/** Keeps the first customer that an organization got. @returns that one */
export async function addCustomer(
  pool: Queryable,
  gateway: Gateway,
  organizationId: string,
  customerId: string,
): Promise<string> {
  await pool.query(
    `insert into public.billing_customers (organization_id, gateway, gateway_customer_id) values ($1, $2, $3) on conflict do nothing`,
    [organizationId, gateway, customerId],
  );
  return (await findCustomer(pool, gateway, organizationId)) ?? customerId;
}

/** For a customer that the gateway has no more. */
export async function forgetCustomer(pool: Queryable, gateway: Gateway, customerId: string): Promise<void> {
  await pool.query('delete from public.billing_customers where gateway = $1 and gateway_customer_id = $2', [
    gateway,
    customerId,
  ]);
}

export async function findCustomersOrganization(
  pool: Queryable,
  gateway: Gateway,
  customerId: string,
): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>(
    'select organization_id as id from public.billing_customers where gateway = $1 and gateway_customer_id = $2',
    [gateway, customerId],
  );
  return rows[0]?.id ?? null;
}

/** What is sold: an interval of a plan, or a pack. */
export type SoldItem = { planId: string; interval: 'month' | 'year' } | { packId: string };

export async function findGatewayPrice(
  pool: Queryable,
  gateway: Gateway,
  item: SoldItem,
  amountCents: number,
): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>(
    `select gateway_price_id as id from public.gateway_prices
     where gateway = $1 and amount_cents = $2 and plan_id is not distinct from $3 and billing_interval is not distinct from $4
       and pack_id is not distinct from $5
     order by created_at desc limit 1`,
    [gateway, amountCents, ...columnsOf(item)],
  );
  return rows[0]?.id ?? null;
}

export async function addGatewayPrice(
  pool: Queryable,
  gateway: Gateway,
  priceId: string,
  item: SoldItem,
  amountCents: number,
): Promise<void> {
  await pool.query(
    `insert into public.gateway_prices (gateway, gateway_price_id, amount_cents, plan_id, billing_interval, pack_id)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [gateway, priceId, amountCents, ...columnsOf(item)],
  );
}

export interface PlanOfPrice {
  priceId: string;
  planId: string;
  planName: string;
  interval: 'month' | 'year';
  monthlyCredits: number;
}

/** The plans that prices of a gateway stand for; prices that are not ours, or are for packs, are not among them. */
export async function findPlansOfPrices(
  pool: Queryable,
  gateway: Gateway,
  priceIds: readonly string[],
): Promise<Map<string, PlanOfPrice>> {
  const { rows } = await pool.query<Omit<PlanOfPrice, 'monthlyCredits'> & { monthlyCredits: string | number }>(
    `select g.gateway_price_id as "priceId", p.id as "planId", p.name as "planName", g.billing_interval as interval, p.monthly_credits as "monthlyCredits"
     from public.gateway_prices g join public.plans p on p.id = g.plan_id where g.gateway = $1 and g.gateway_price_id = any ($2)`,
    [gateway, priceIds],
  );
  return new Map(rows.map((row) => [row.priceId, { ...row, monthlyCredits: Number(row.monthlyCredits) }]));
}

function columnsOf(item: SoldItem): [string | null, string | null, string | null] {
  return 'packId' in item ? [null, null, item.packId] : [item.planId, item.interval, null];
}
