import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Charge, Refund } from '../objects.ts';
import type { Metadata } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { requireCharge } from './charges.ts';
import { requirePaymentIntent } from './payment-intents.ts';

const reasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

interface RefundFields {
  /** All that is left, unless told. */
  amount?: number | undefined;
  reason?: string | undefined;
  metadata?: Metadata;
}

export const createRefund: StripeHandler = ({ account, params }) => {
  const [chargeId, paymentIntentId] = [params.text('charge'), params.text('payment_intent')];
  const fields = {
    amount: params.integer('amount', { min: 1 }),
    reason: params.choice('reason', reasons),
    metadata: params.metadata(),
  };
  params.done();
  if (chargeId === undefined && paymentIntentId === undefined) {
    throw new StripeError('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const charge =
    chargeId === undefined
      ? requirePaidCharge(account, paymentIntentId ?? '', 'payment_intent')
      : requireCharge(account, chargeId, 'charge');
  return refundCharge(account, charge, fields);
};

export const retrieveRefund: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireRefund(account, id, 'id');
};

export const listRefunds: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [charge, paymentIntent] = [params.text('charge'), params.text('payment_intent')];
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.refunds,
    '/v1/refunds',
    page,
    (refund) =>
      (charge === undefined || refund.charge === charge) &&
      (paymentIntent === undefined || refund.payment_intent === paymentIntent) &&
      isCreated(refund.created),
  );
};

export function requireRefund(account: StripeAccount, id: string, param: string): Refund {
  const refund = account.refunds.find(id);
  if (!refund) throw noSuch('refund', id, param);
  return refund;
}

/** The charge that a payment intent was paid with. */
export function requirePaidCharge(account: StripeAccount, paymentIntentId: string, param: string): Charge {
  const paymentIntent = requirePaymentIntent(account, paymentIntentId, param);
  const charge = account.charges.find(paymentIntent.latest_charge);
  if (!charge?.paid) {
    const message = `This PaymentIntent (${paymentIntentId}) does not have a successful charge to refund.`;
    throw new StripeError(message, { param });
  }
  return charge;
}

/** Gives money back. The charge's `amount_refunded` is what has been given back so far, all refunds together. */
export function refundCharge(account: StripeAccount, charge: Charge, fields: RefundFields): Refund {
  const rest = charge.amount - charge.amount_refunded;
  const amount = fields.amount ?? rest;
  if (rest === 0) {
    const message = `Charge ${charge.id} has already been refunded.`;
    throw new StripeError(message, { code: 'charge_already_refunded' });
  }
  if (amount > rest) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${rest})`;
    throw new StripeError(message, { param: 'amount' });
  }
  const refund = {
    id: newId('re'),
    object: 'refund' as const,
    amount,
    balance_transaction: newId('txn'),
    charge: charge.id,
    created: nowSeconds(account),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: fields.metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: fields.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded' as const,
    transfer_reversal: null,
  };
  account.refunds.add(refund);
  emitEvent(account, 'refund.created', refund);
  const refunded = charge.amount_refunded + amount;
  changeObject(account, charge, 'charge.refunded', {
    amount_refunded: refunded,
    refunded: refunded === charge.amount,
  });
  return refund;
}

/** The customer's bank sends the money back, days later: the merchant has it again. */
export function failRefund(account: StripeAccount, refund: Refund): void {
  if (refund.status === 'failed') throw new StripeError(`Refund ${refund.id} has already failed.`);
  const charge = requireCharge(account, refund.charge, 'charge');
  const before = { status: refund.status };
  Object.assign(refund, {
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
    failure_balance_transaction: newId('txn'),
  });
  emitEvent(account, 'refund.updated', refund, before);
  emitEvent(account, 'charge.refund.updated', refund, before);
  emitEvent(account, 'refund.failed', refund);
  changeObject(account, charge, 'charge.updated', {
    amount_refunded: charge.amount_refunded - refund.amount,
    refunded: false,
  });
}
