import { applyClaim } from '@base/shared/db/queries/billing';
import { disputeSchema, refundSchema } from '@base/shared/gateways/stripe/schemas';
import { UnusableEventError } from '../gateway.ts';
import { applyStripeInvoice } from './apply-invoice.ts';
import { applySession } from './apply-session.ts';
import type { StripeContext, StripeHandler } from './stripe-context.ts';

interface Claim {
  id: string;
  kind: 'refund' | 'dispute';
  amountCents: number;
  paymentIntentId: string | null;
  isActive: boolean;
}

const refundsMax = 1_000;
/** Refunds in these states, and in those that this version does not know, have taken the money or will. */
const refundsUndone = new Set(['failed', 'canceled']);
/** An inquiry (`warning_…`) moves no money; what was prevented became a refund. */
const disputesIdle = new Set(['won', 'prevented']);

const readRefund = (object: unknown): Claim => {
  const refund = refundSchema.parse(object);
  return {
    id: refund.id,
    kind: 'refund',
    amountCents: refund.amount,
    paymentIntentId: refund.payment_intent,
    isActive: !refundsUndone.has(refund.status ?? ''),
  };
};

const readDispute = (object: unknown): Claim => {
  const dispute = disputeSchema.parse(object);
  return {
    id: dispute.id,
    kind: 'dispute',
    amountCents: dispute.amount,
    paymentIntentId: dispute.payment_intent,
    isActive: !dispute.status.startsWith('warning_') && !disputesIdle.has(dispute.status),
  };
};

const applyRefund: StripeHandler = async (context, { objectId, asOf }) => {
  await writeClaim(context, readRefund(await context.stripe.refunds.retrieve(objectId)), asOf);
  return 'processed';
};

/** What a charge says is a sum; each of its refunds is a claim of its own. */
const applyRefundsOfCharge: StripeHandler = async (context, { objectId, asOf }) => {
  const refunds = await context.stripe.refunds
    .list({ charge: objectId, limit: 100 })
    .autoPagingToArray({ limit: refundsMax });
  for (const refund of refunds) await writeClaim(context, readRefund(refund), asOf);
  return 'processed';
};

const applyDispute: StripeHandler = async (context, { objectId, asOf }) => {
  await writeClaim(context, readDispute(await context.stripe.disputes.retrieve(objectId)), asOf);
  return 'processed';
};

export const claimHandlers: Readonly<Record<string, StripeHandler>> = {
  'refund.created': applyRefund,
  'refund.updated': applyRefund,
  'refund.failed': applyRefund,
  'charge.refunded': applyRefundsOfCharge,
  'charge.dispute.created': applyDispute,
  'charge.dispute.updated': applyDispute,
  'charge.dispute.closed': applyDispute,
  'charge.dispute.funds_withdrawn': applyDispute,
  'charge.dispute.funds_reinstated': applyDispute,
};

/** A claim may come before we have heard of the payment: then that is looked up first. */
async function writeClaim(context: StripeContext, claim: Claim, asOf: Date): Promise<void> {
  const { paymentIntentId } = claim;
  if (paymentIntentId === null) throw new UnusableEventError(`the ${claim.kind} ${claim.id} names no payment`);
  const apply = () =>
    applyClaim(context.pool, {
      gateway: 'stripe',
      claimId: claim.id,
      paymentReference: paymentIntentId,
      kind: claim.kind,
      amountCents: claim.amountCents,
      isActive: claim.isActive,
      asOf,
    });
  if ((await apply()) !== 'payment_not_found') return;
  await applyPaymentOf(context, paymentIntentId, asOf);
  if ((await apply()) === 'payment_not_found') {
    throw new Error(`the ${claim.kind} ${claim.id} is of a payment that is not known here`);
  }
}

async function applyPaymentOf(context: StripeContext, paymentIntentId: string, asOf: Date): Promise<void> {
  const { stripe } = context;
  const payment = { type: 'payment_intent' as const, payment_intent: paymentIntentId };
  const [{ data: invoiced }, { data: sessions }] = await Promise.all([
    stripe.invoicePayments.list({ payment, limit: 1 }),
    stripe.checkout.sessions.list({ payment_intent: paymentIntentId, limit: 1 }),
  ]);
  const invoice = invoiced[0]?.invoice;
  const invoiceId = typeof invoice === 'string' ? invoice : invoice?.id;
  if (invoiceId !== undefined) await applyStripeInvoice(context, { objectId: invoiceId, asOf });
  else if (sessions[0] !== undefined) await applySession(context, { objectId: sessions[0].id, asOf });
}
