import type { Queryable, Statements } from '../queryable.ts';

/** Wrappers of the database's functions for payments, subscriptions and periods; see the headers in the migrations. */

export type Gateway = 'stripe' | 'asaas';

export type SubscriptionStatus = 'trialing' | 'active' | 'past_due' | 'paused' | 'canceled';

export interface CheckoutRow {
  id: string;
  organization_id: string;
  gateway: Gateway;
  plan_id: string | null;
  billing_interval: 'month' | 'year' | null;
  pack_id: string | null;
  credits: number;
  amount_cents: number;
  method: string | null;
  status: 'creating' | 'open' | 'completed' | 'expired' | 'failed';
  /** Whoever makes it at the gateway works on it until then. */
  creating_until: string | null;
  gateway_id: string | null;
  url: string | null;
  instructions: Record<string, unknown> | null;
  expires_at: string;
  completed_at: string | null;
  created_at: string;
}

export interface NewCheckout {
  id: string;
  organizationId: string;
  userId: string;
  gateway: Gateway;
  planId: string | null;
  interval: 'month' | 'year' | null;
  packId: string | null;
  method: string | null;
  makingSeconds: number;
  expiresAt: Date;
  now: Date;
}

export interface OpenedCheckout {
  code: 'make' | 'open' | 'wait' | 'other_open' | 'not_for_sale' | 'subscribed';
  checkout: CheckoutRow | null;
  trial_days: number | null;
}

export async function openCheckout(db: Statements, order: NewCheckout): Promise<OpenedCheckout> {
  const { rows } = await db.query<OpenedCheckout>(
    'select * from public.open_checkout($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
    [
      order.id,
      order.organizationId,
      order.userId,
      order.gateway,
      order.planId,
      order.interval,
      order.packId,
      order.method,
      order.makingSeconds,
      order.expiresAt,
      order.now,
    ],
  );
  const [opened] = rows;
  if (opened === undefined) throw new Error('open_checkout gave no row');
  return opened;
}

export interface ClaimedPaymentEvent {
  gateway: Gateway;
  event_id: string;
  type: string;
  api_version: string | null;
  payload: string;
  attempts: number;
  /** By Postgres's clock: whatever the gateway is asked from now on is at least as new. */
  claimed_at: Date;
}

/** @returns whether the event is new */
export async function receivePaymentEvent(
  pool: Queryable,
  event: { gateway: Gateway; id: string; type: string; apiVersion: string | null; payload: string },
): Promise<boolean> {
  const { rows } = await pool.query<{ is_new: boolean }>(
    'select public.receive_payment_event($1, $2, $3, $4, $5) as is_new',
    [event.gateway, event.id, event.type, event.apiVersion, event.payload],
  );
  return rows[0]?.is_new === true;
}

export async function claimPaymentEvents(
  pool: Queryable,
  limit: number,
  leaseSeconds: number,
): Promise<ClaimedPaymentEvent[]> {
  const { rows } = await pool.query<ClaimedPaymentEvent>('select * from public.claim_payment_events($1, $2)', [
    limit,
    leaseSeconds,
  ]);
  return rows;
}

export type PaymentEventEnd =
  | { status: 'processed' | 'ignored' }
  | { status: 'parked'; error: string }
  | { status: 'received'; error: string; retrySeconds: number };

export async function endPaymentEvent(
  pool: Queryable,
  event: Pick<ClaimedPaymentEvent, 'gateway' | 'event_id'>,
  end: PaymentEventEnd,
): Promise<void> {
  await pool.query('select public.end_payment_event($1, $2, $3, $4, $5)', [
    event.gateway,
    event.event_id,
    end.status,
    'error' in end ? end.error : null,
    'retrySeconds' in end ? end.retrySeconds : null,
  ]);
}

/** Credits that a payment brings; the reference is unique at the gateway. */
export interface PaymentLine {
  reference: string;
  credits: number;
  /** ISO 8601, or null for credits that last. */
  expires_at: string | null;
  description: string;
}

export interface AppliedPayment {
  organizationId: string;
  gateway: Gateway;
  /** What it is known by: an invoice, a checkout session, a payment. */
  paymentId: string;
  /** What refunds and disputes name. */
  chargeId: string | null;
  kind: 'subscription' | 'proration' | 'pack' | 'topup';
  amountCents: number;
  currency: string;
  paidAt: Date;
  lines: readonly PaymentLine[];
  checkoutId: string | null;
}

export async function applyPayment(
  pool: Queryable,
  payment: AppliedPayment,
): Promise<'granted' | 'replayed' | 'organization_not_found'> {
  const { rows } = await pool.query<{ code: 'granted' | 'replayed' | 'organization_not_found' }>(
    'select public.apply_payment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as code',
    [
      payment.organizationId,
      payment.gateway,
      payment.paymentId,
      payment.chargeId,
      payment.kind,
      payment.amountCents,
      payment.currency,
      payment.paidAt,
      JSON.stringify(payment.lines),
      payment.checkoutId,
    ],
  );
  return rows[0]?.code ?? 'organization_not_found';
}

export interface PaymentClaim {
  gateway: Gateway;
  /** The refund's, dispute's or chargeback's id. */
  claimId: string;
  /** The payment's id or its charge's. */
  paymentReference: string;
  kind: 'refund' | 'dispute';
  amountCents: number;
  /** Whether the money is away. */
  isActive: boolean;
  asOf: Date;
}

export async function applyClaim(
  pool: Queryable,
  claim: PaymentClaim,
): Promise<'applied' | 'unchanged' | 'stale' | 'payment_not_found'> {
  const { rows } = await pool.query<{ code: 'applied' | 'unchanged' | 'stale' | 'payment_not_found' }>(
    'select public.apply_claim($1, $2, $3, $4, $5, $6, $7) as code',
    [claim.gateway, claim.claimId, claim.paymentReference, claim.kind, claim.amountCents, claim.isActive, claim.asOf],
  );
  return rows[0]?.code ?? 'payment_not_found';
}

export interface SubscriptionState {
  organizationId: string;
  gateway: Gateway;
  gatewayId: string;
  planId: string;
  status: SubscriptionStatus;
  interval: 'month' | 'year';
  /** When it began at the gateway: of two that live, the one begun last stands. */
  startedAt: Date;
  periodStart: Date;
  periodEnd: Date;
  trialEnd: Date | null;
  cancelAtPeriodEnd: boolean;
  canceledAt: Date | null;
  nextPlanId: string | null;
  graceDays: number;
  /** A moment before the gateway was asked, by Postgres's clock. */
  asOf: Date;
  now: Date;
}

export async function applySubscription(
  pool: Queryable,
  state: SubscriptionState,
): Promise<'applied' | 'stale' | 'organization_not_found'> {
  const { rows } = await pool.query<{ code: 'applied' | 'stale' | 'organization_not_found' }>(
    `select public.apply_subscription($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) as code`,
    [
      state.organizationId,
      state.gateway,
      state.gatewayId,
      state.planId,
      state.status,
      state.interval,
      state.startedAt,
      state.periodStart,
      state.periodEnd,
      state.trialEnd,
      state.cancelAtPeriodEnd,
      state.canceledAt,
      state.nextPlanId,
      state.graceDays,
      state.asOf,
      state.now,
    ],
  );
  return rows[0]?.code ?? 'organization_not_found';
}

export interface InvoiceState {
  number: string | null;
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible' | 'refunded';
  amount_cents: number;
  amount_paid_cents: number;
  currency: string;
  description: string | null;
  /** Times in ISO 8601. */
  period_start: string | null;
  period_end: string | null;
  due_at: string | null;
  paid_at: string | null;
  hosted_url: string | null;
  pdf_url: string | null;
  issued_at: string;
}

export async function applyInvoice(
  pool: Queryable,
  invoice: { organizationId: string; gateway: Gateway; gatewayId: string; state: InvoiceState; asOf: Date },
): Promise<void> {
  await pool.query('select public.apply_invoice($1, $2, $3, $4, $5)', [
    invoice.organizationId,
    invoice.gateway,
    invoice.gatewayId,
    JSON.stringify(invoice.state),
    invoice.asOf,
  ]);
}

/** What the passing of time brings; each may run anywhere, any number of times. */
export async function passTime(
  pool: Queryable,
  now: Date,
  limit: number,
): Promise<{ expired: number; rolledOver: number; lapsed: number; collected: number }> {
  const { rows } = await pool.query<{ expired: number; rolled_over: number; lapsed: number; collected: number }>(
    // Debts first: what is about to end may pay them.
    `select public.collect_all_debts($2) as collected, public.lapse_subscriptions($1, $2) as lapsed,
      public.roll_over_periods($1, $2) as rolled_over, public.expire_grants($1, $2) as expired`,
    [now, limit],
  );
  const [done] = rows;
  return {
    expired: done?.expired ?? 0,
    rolledOver: done?.rolled_over ?? 0,
    lapsed: done?.lapsed ?? 0,
    collected: done?.collected ?? 0,
  };
}
