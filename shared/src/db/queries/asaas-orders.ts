import * as z from 'zod';
import type { Queryable } from '../queryable.ts';
import type { CheckoutRow } from './billing.ts';

/** What payments and subscriptions at Asaas, which knows amounts only, were ordered for. */

export interface OrderedPlan {
  organizationId: string;
  /** The order that the subscription began with; null for a later change. */
  checkoutId: string | null;
  orderedAt: Date;
  planId: string;
  planName: string;
  interval: 'month' | 'year';
  amountCents: number;
  monthlyCredits: number;
  /** YYYY-MM-DD of the first due date that it is for; null for the first order. */
  effectiveOn: string | null;
}

const uuid = z.uuid();

/** Our references are ids of orders; others may have any. */
function orderIdOf(reference: string | null): string | null {
  return uuid.safeParse(reference).data ?? null;
}

/** What a subscription has been for, the oldest first; empty when it is none of ours. */
export async function findOrderedPlans(
  pool: Queryable,
  subscription: { id: string; checkoutSession: string | null; externalReference: string | null },
): Promise<OrderedPlan[]> {
  const { rows } = await pool.query<Omit<OrderedPlan, 'monthlyCredits'> & { monthlyCredits: string | number }>(
    `select o.organization_id as "organizationId", o.checkout_id as "checkoutId", o.created_at as "orderedAt", o.plan_id as "planId", p.name as "planName",
       o.billing_interval as interval, o.amount_cents as "amountCents", p.monthly_credits as "monthlyCredits", o.effective_on as "effectiveOn"
     from (
       select c.organization_id, c.id as checkout_id, c.created_at, c.plan_id, c.billing_interval, c.amount_cents, null as effective_on
       from public.checkouts c
       where c.gateway = 'asaas' and c.plan_id is not null and (c.gateway_id in ($1, $2) or c.id = $3::uuid)
       union all
       select d.organization_id, null, d.created_at, d.plan_id, d.billing_interval, d.amount_cents, d.effective_on::text
       from public.plan_changes d where d.gateway = 'asaas' and d.gateway_subscription_id = $1
     ) o join public.plans p on p.id = o.plan_id
     order by o.effective_on nulls first, o.created_at`,
    [subscription.id, subscription.checkoutSession, orderIdOf(subscription.externalReference)],
  );
  return rows.map((row) => ({ ...row, monthlyCredits: Number(row.monthlyCredits) }));
}

/** Writes down what a subscription is for from a due date on, before Asaas is told the amount. */
export async function addPlanChange(
  pool: Queryable,
  change: {
    organizationId: string;
    subscriptionId: string;
    effectiveOn: string;
    planId: string;
    interval: 'month' | 'year';
    amountCents: number;
  },
): Promise<void> {
  await pool.query(
    `insert into public.plan_changes (gateway, gateway_subscription_id, effective_on, organization_id, plan_id, billing_interval, amount_cents)
     values ('asaas', $1, $2, $3, $4, $5, $6)
     on conflict on constraint plan_changes_pkey do update
       set plan_id = excluded.plan_id, billing_interval = excluded.billing_interval, created_at = clock_timestamp()`,
    [
      change.subscriptionId,
      change.effectiveOn,
      change.organizationId,
      change.planId,
      change.interval,
      change.amountCents,
    ],
  );
}

/** The pack that a payment was ordered for, by the page it was paid on or by our reference. */
export async function findOrderedPack(
  pool: Queryable,
  payment: { id: string; checkoutSession: string | null; externalReference: string | null },
): Promise<CheckoutRow | null> {
  const { rows } = await pool.query<{ checkout: CheckoutRow }>(
    `select to_jsonb(c) as checkout from public.checkouts c
     where c.gateway = 'asaas' and c.pack_id is not null and (c.gateway_id in ($1, $2) or c.id = $3::uuid)`,
    [payment.id, payment.checkoutSession, orderIdOf(payment.externalReference)],
  );
  return rows[0]?.checkout ?? null;
}

/** The order whose page, payment or subscription at Asaas has this id. */
export async function findOrderAtAsaas(pool: Queryable, gatewayId: string): Promise<CheckoutRow | null> {
  const { rows } = await pool.query<{ checkout: CheckoutRow }>(
    `select to_jsonb(c) as checkout from public.checkouts c where c.gateway = 'asaas' and c.gateway_id = $1`,
    [gatewayId],
  );
  return rows[0]?.checkout ?? null;
}

/** Opens an order of a pack again whose payment was restored, unless its time is over or an equal one is open. */
export async function reopenCheckout(pool: Queryable, id: string, now: Date): Promise<void> {
  await pool.query(
    `update public.checkouts c set status = 'open' where c.id = $1 and c.status = 'expired' and c.gateway_id is not null and c.expires_at > $2
       and not exists (select from public.checkouts o where o.organization_id = c.organization_id and o.gateway = c.gateway
         and o.pack_id = c.pack_id and o.method is not distinct from c.method and o.status in ('creating', 'open'))`,
    [id, now],
  );
}

export interface MirroredPayment {
  status: string;
  amountPaidCents: number;
}

/** What the invoices that mirror payments say, by the payment's id. */
export async function findMirrored(
  pool: Queryable,
  paymentIds: readonly string[],
): Promise<Map<string, MirroredPayment>> {
  const { rows } = await pool.query<{ id: string; status: string; paid: string | number }>(
    `select gateway_id as id, status, amount_paid_cents as paid from public.invoices where gateway = 'asaas' and gateway_id = any ($1)`,
    [paymentIds],
  );
  return new Map(rows.map(({ id, status, paid }) => [id, { status, amountPaidCents: Number(paid) }]));
}

export interface KnownClaims {
  /** The payment's money was counted here before `asOf`. */
  isCounted: boolean;
  /** Kinds of claims that are active: `refund`, `chargeback`, `undone`. */
  active: ReadonlySet<string>;
}

/** What is known of a payment's money and of what went back of it. Claims are named by their kind and the payment. */
export async function findKnownClaims(pool: Queryable, paymentId: string, asOf: Date): Promise<KnownClaims> {
  const { rows } = await pool.query<{ is_counted: boolean; active: string[] }>(
    `select p.created_at < $2 as is_counted,
       array(select split_part(c.claim_id, ':', 1) from public.payment_claims c where c.payment_id = p.id and c.is_active) as active
     from public.payments p where p.gateway = 'asaas' and p.gateway_payment_id = $1`,
    [paymentId, asOf],
  );
  return { isCounted: rows[0]?.is_counted === true, active: new Set(rows[0]?.active) };
}

export interface OwnSubscription {
  gatewayId: string;
  organizationId: string;
  planId: string;
  status: string;
  interval: 'month' | 'year';
  startedAt: Date;
  periodStart: Date;
  periodEnd: Date;
  cancelAtPeriodEnd: boolean;
  canceledAt: Date | null;
  nextPlanId: string | null;
}

const subscriptionColumns = `s.gateway_id as "gatewayId", s.organization_id as "organizationId", s.plan_id as "planId", s.status,
  s.billing_interval as interval, s.started_at as "startedAt", s.current_period_start as "periodStart", s.current_period_end as "periodEnd",
  s.cancel_at_period_end as "cancelAtPeriodEnd", s.canceled_at as "canceledAt", s.next_plan_id as "nextPlanId"`;

export async function findOwnSubscription(pool: Queryable, gatewayId: string): Promise<OwnSubscription | null> {
  const { rows } = await pool.query<OwnSubscription>(
    `select ${subscriptionColumns} from public.subscriptions s where s.gateway = 'asaas' and s.gateway_id = $1`,
    [gatewayId],
  );
  return rows[0] ?? null;
}

/** Those that live here. */
export async function findLiveAtAsaas(pool: Queryable): Promise<OwnSubscription[]> {
  const { rows } = await pool.query<OwnSubscription>(
    `select ${subscriptionColumns} from public.subscriptions s where s.gateway = 'asaas' and s.status <> 'canceled' order by s.id`,
  );
  return rows;
}

/**
 * Those whose period is over and that something comes of without an event: they were to end, what follows was paid in
 * advance, or Asaas should have told long ago that it was not.
 */
export async function findPeriodsOver(pool: Queryable, now: Date): Promise<OwnSubscription[]> {
  const { rows } = await pool.query<OwnSubscription>(
    `select ${subscriptionColumns} from public.subscriptions s
     where s.gateway = 'asaas' and s.status = 'active' and s.current_period_end <= $1
       and (s.cancel_at_period_end or s.current_period_end <= $1::timestamptz - interval '2 days'
         or exists (select from public.invoices i where i.organization_id = s.organization_id and i.gateway = 'asaas' and i.status = 'paid'
           and i.period_start >= s.current_period_end))
     order by s.id`,
    [now],
  );
  return rows;
}
