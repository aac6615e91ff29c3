import type { AsaasPayment } from './schemas.ts';

/** What a payment's status, refunds and chargeback come to. */
export interface PaymentState {
  /** The money came, whatever became of it afterwards. */
  isPaid: boolean;
  /** It did not come, or is not there any more; a status that is new is neither this nor paid. */
  isUnpaid: boolean;
  isOverdue: boolean;
  refundedCents: number;
  isDisputed: boolean;
  /** What is left of the money. */
  keptCents: number;
  invoiceStatus: 'open' | 'paid' | 'void' | 'refunded';
}

/** The money is there, or was. */
const paid = new Set(['CONFIRMED', 'RECEIVED', 'RECEIVED_IN_CASH', 'DUNNING_RECEIVED']);
const refunded = new Set(['REFUNDED', 'REFUND_REQUESTED', 'REFUND_IN_PROGRESS']);
const disputed = new Set(['CHARGEBACK_REQUESTED', 'CHARGEBACK_DISPUTE', 'AWAITING_CHARGEBACK_REVERSAL']);
const overdue = new Set(['OVERDUE', 'DUNNING_REQUESTED']);
const unpaid = new Set(['PENDING', 'AWAITING_RISK_ANALYSIS', 'AUTHORIZED', ...overdue]);

export function readPaymentState({ status, valueCents, refunds, deleted }: AsaasPayment): PaymentState {
  const isPaid = paid.has(status) || refunded.has(status) || disputed.has(status);
  const listedCents = refunds
    .filter((refund) => refund.status !== 'CANCELLED')
    .reduce((sum, refund) => sum + refund.valueCents, 0);
  // A payment of an older shape lists no refunds.
  const isWhole = status === 'REFUNDED' || (refunded.has(status) && refunds.length === 0);
  const refundedCents = isPaid ? Math.min(isWhole ? valueCents : listedCents, valueCents) : 0;
  const isDisputed = disputed.has(status);
  return {
    isPaid,
    isUnpaid: !isPaid && (deleted || unpaid.has(status)),
    isOverdue: overdue.has(status) && !deleted,
    refundedCents,
    isDisputed,
    keptCents: isPaid && !isDisputed ? valueCents - refundedCents : 0,
    invoiceStatus: statusOf(isPaid, refundedCents >= valueCents, deleted),
  };
}

function statusOf(isPaid: boolean, isRefunded: boolean, isDeleted: boolean): PaymentState['invoiceStatus'] {
  if (isPaid) return isRefunded ? 'refunded' : 'paid';
  return isDeleted ? 'void' : 'open';
}
