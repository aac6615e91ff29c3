import type { AsaasPayment } from './schemas.ts';

/** What a payment's status, refunds and chargeback come to. */
export interface PaymentState {
  /** The money came, whatever became of it afterwards. */
  isPaid: boolean;
  isOverdue: boolean;
  refundedCents: number;
  isDisputed: boolean;
  /** What is left of the money. */
  keptCents: number;
  invoiceStatus: 'open' | 'paid' | 'void' | 'refunded';
}

/** The money is there, or was; a status that is new is none of them, and brings nothing. */
const paid = new Set(['CONFIRMED', 'RECEIVED', 'RECEIVED_IN_CASH', 'DUNNING_RECEIVED']);
const refunded = new Set(['REFUNDED', 'REFUND_REQUESTED', 'REFUND_IN_PROGRESS']);
const disputed = new Set(['CHARGEBACK_REQUESTED', 'CHARGEBACK_DISPUTE', 'AWAITING_CHARGEBACK_REVERSAL']);
const overdue = new Set(['OVERDUE', 'DUNNING_REQUESTED']);

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
