import { findKnownClaims } from '@base/shared/db/queries/asaas-orders';
import { applyClaim, applyInvoice, applyPayment, type PaymentLine } from '@base/shared/db/queries/billing';
import { startOfDay } from '@base/shared/gateways/asaas/brazil-days';
import { type PaymentState, readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';
import { UnusableEventError } from '../gateway.ts';
import type { AsaasContext } from './asaas-context.ts';

/** What a payment was ordered for. */
export interface PaymentPurpose {
  organizationId: string;
  checkoutId: string | null;
  kind: 'subscription' | 'pack';
  /** What its money brings. */
  line: PaymentLine;
  /** What it pays for, where that is a time. */
  period: { start: Date; end: Date } | null;
}

/**
 * Writes what has become of a payment: its credits once, what went back of its money, and its invoice.
 *
 * Refunds have no ids at Asaas: what went back of a payment is one claim, whose amount is their sum. A chargeback is
 * another. That a payment in cash was undone shows only in its being unpaid while it is counted here.
 */
export async function writePayment(
  context: AsaasContext,
  payment: AsaasPayment,
  purpose: PaymentPurpose,
  asOf: Date,
): Promise<void> {
  const state = readPaymentState(payment);
  if (!state.isPaid && !state.isUnpaid) {
    throw new UnusableEventError(`the payment ${payment.id} has the status ${payment.status}, which is not known`);
  }
  if (state.isPaid) await count(context, payment, purpose);
  await writeClaims(context, payment, state, asOf);
  await mirror(context, payment, state, purpose, asOf);
}

async function count(
  { pool, clock }: AsaasContext,
  payment: AsaasPayment,
  { organizationId, kind, line, checkoutId }: PaymentPurpose,
): Promise<void> {
  const code = await applyPayment(pool, {
    organizationId,
    gateway: 'asaas',
    paymentId: payment.id,
    chargeId: null,
    kind,
    amountCents: payment.valueCents,
    currency: 'BRL',
    paidAt: paidAt(payment) ?? clock.now(),
    lines: [line],
    checkoutId,
  });
  if (code === 'organization_not_found') {
    throw new UnusableEventError(`the payment ${payment.id} is of an organization that is gone`);
  }
}

async function writeClaims(
  { pool }: AsaasContext,
  payment: AsaasPayment,
  state: PaymentState,
  asOf: Date,
): Promise<void> {
  const claim = (name: string, kind: 'refund' | 'dispute', amountCents: number, isActive: boolean) =>
    applyClaim(pool, {
      gateway: 'asaas',
      claimId: `${name}:${payment.id}`,
      paymentReference: payment.id,
      kind,
      amountCents,
      isActive,
      asOf,
    });
  const { isCounted, active } = await findKnownClaims(pool, payment.id, asOf);
  if (!state.isPaid) {
    if (isCounted && !active.has('undone')) await claim('undone', 'refund', payment.valueCents, true);
    return;
  }
  if (payment.refunds.length > 0 || state.refundedCents > 0 || active.has('refund')) {
    await claim('refund', 'refund', state.refundedCents, state.refundedCents > 0);
  }
  if (payment.chargeback !== null || state.isDisputed || active.has('chargeback')) {
    await claim('chargeback', 'dispute', payment.valueCents, state.isDisputed);
  }
  if (active.has('undone')) await claim('undone', 'refund', payment.valueCents, false);
}

async function mirror(
  { pool, clock }: AsaasContext,
  payment: AsaasPayment,
  state: PaymentState,
  { organizationId, period }: PaymentPurpose,
  asOf: Date,
): Promise<void> {
  await applyInvoice(pool, {
    organizationId,
    gateway: 'asaas',
    gatewayId: payment.id,
    state: {
      number: payment.invoiceNumber,
      status: state.invoiceStatus,
      amount_cents: payment.valueCents,
      amount_paid_cents: state.keptCents,
      currency: 'BRL',
      description: payment.description,
      period_start: period?.start.toISOString() ?? null,
      period_end: period?.end.toISOString() ?? null,
      due_at: startOf(payment.dueDate)?.toISOString() ?? null,
      paid_at: state.isPaid ? (paidAt(payment)?.toISOString() ?? null) : null,
      hosted_url: payment.invoiceUrl,
      pdf_url: payment.bankSlipUrl,
      issued_at: (startOf(payment.dateCreated) ?? clock.now()).toISOString(),
    },
    asOf,
  });
  // Asaas does not count attempts: being overdue is the one that it tells of.
  if (payment.status === 'OVERDUE') {
    await pool.query('select public.tell_of_invoice($1, $2, $3, $4)', ['asaas', payment.id, 'payment_failed', 1]);
  }
}

/** Asaas tells days only. */
function paidAt({ clientPaymentDate, confirmedDate, paymentDate }: AsaasPayment): Date | null {
  return startOf(clientPaymentDate ?? confirmedDate ?? paymentDate);
}

function startOf(day: string | null): Date | null {
  const moment = day === null ? null : startOfDay(day.slice(0, 10));
  return moment === null || Number.isNaN(moment.getTime()) ? null : moment;
}
