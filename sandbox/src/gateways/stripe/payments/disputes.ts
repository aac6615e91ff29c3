import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Charge, Dispute } from '../objects.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';

/** Stripe's fee for a dispute in Brazil, in cents. */
const disputeFee = 5_500;
const answerDays = 9;

export const retrieveDispute: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireDispute(account, id);
};

export const listDisputes: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [charge, paymentIntent] = [params.text('charge'), params.text('payment_intent')];
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.disputes,
    '/v1/disputes',
    page,
    (dispute) =>
      (charge === undefined || dispute.charge === charge) &&
      (paymentIntent === undefined || dispute.payment_intent === paymentIntent) &&
      isCreated(dispute.created),
  );
};

export function requireDispute(account: StripeAccount, id: string): Dispute {
  const dispute = account.disputes.find(id);
  if (!dispute) throw noSuch('dispute', id);
  return dispute;
}

/** A cardholder disputes a charge. An inquiry only asks; a dispute takes the money at once. */
export function openDispute(account: StripeAccount, charge: Charge, amount: number, isInquiry: boolean): Dispute {
  if (charge.disputed) throw new StripeError(`Charge ${charge.id} is already disputed.`);
  if (amount < 1 || amount > charge.amount) throw new StripeError(`Invalid amount: ${amount}`, { param: 'amount' });
  const dispute = buildDispute(account, charge, amount, isInquiry);
  account.disputes.add(dispute);
  charge.disputed = true;
  emitEvent(account, 'charge.dispute.created', dispute);
  if (!isInquiry) withdraw(account, dispute);
  return dispute;
}

/** The bank decides. An inquiry that is lost becomes a dispute first, and is lost then. */
export function closeDispute(account: StripeAccount, dispute: Dispute, isWon: boolean): void {
  if (['won', 'lost', 'warning_closed'].includes(dispute.status)) {
    throw new StripeError(`Dispute ${dispute.id} is already closed.`);
  }
  if (dispute.status === 'warning_needs_response') {
    if (isWon) {
      close(account, dispute, 'warning_closed');
      const charge = account.charges.find(dispute.charge);
      if (charge) charge.disputed = false;
      return;
    }
    changeObject(account, dispute, 'charge.dispute.updated', {
      status: 'needs_response',
      is_charge_refundable: false,
    });
    withdraw(account, dispute);
  }
  close(account, dispute, isWon ? 'won' : 'lost');
  if (!isWon) return;
  move(account, dispute, dispute.amount, 0);
  emitEvent(account, 'charge.dispute.funds_reinstated', dispute);
}

function close(account: StripeAccount, dispute: Dispute, status: 'won' | 'lost' | 'warning_closed'): void {
  changeObject(account, dispute, 'charge.dispute.updated', { status });
  emitEvent(account, 'charge.dispute.closed', dispute);
}

function withdraw(account: StripeAccount, dispute: Dispute): void {
  move(account, dispute, -dispute.amount, disputeFee);
  emitEvent(account, 'charge.dispute.funds_withdrawn', dispute);
}

function move(account: StripeAccount, dispute: Dispute, amount: number, fee: number): void {
  dispute.balance_transactions.push({
    id: newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: nowSeconds(account),
    created: nowSeconds(account),
    currency: dispute.currency,
    description: `Chargeback ${amount < 0 ? 'withdrawal' : 'reversal'} for ${dispute.charge}`,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [{ amount: fee, application: null, currency: dispute.currency, type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    status: 'available',
    type: 'adjustment',
  });
}

function buildDispute(account: StripeAccount, charge: Charge, amount: number, isInquiry: boolean): Dispute {
  const created = nowSeconds(account);
  const dispute = {
    id: newId('du'),
    object: 'dispute' as const,
    amount,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(),
    evidence_details: {
      due_by: created + answerDays * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    intended_submission_method: null,
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: 'visa',
        case_type: isInquiry ? 'inquiry' : 'chargeback',
        network: 'visa',
        network_reason_code: '10.4',
      },
      type: 'card',
    },
    reason: 'fraudulent',
    status: isInquiry ? ('warning_needs_response' as const) : ('needs_response' as const),
  };
  return dispute;
}

function noEvidence(): Record<string, unknown> {
  const fields = [
    'access_activity_log',
    'billing_address',
    'cancellation_policy',
    'cancellation_policy_disclosure',
    'cancellation_rebuttal',
    'customer_communication',
    'customer_email_address',
    'customer_name',
    'customer_purchase_ip',
    'customer_signature',
    'duplicate_charge_documentation',
    'duplicate_charge_explanation',
    'duplicate_charge_id',
    'product_description',
    'receipt',
    'refund_policy',
    'refund_policy_disclosure',
    'refund_refusal_explanation',
    'service_date',
    'service_documentation',
    'shipping_address',
    'shipping_carrier',
    'shipping_date',
    'shipping_documentation',
    'shipping_tracking_number',
    'uncategorized_file',
    'uncategorized_text',
  ];
  return { ...Object.fromEntries(fields.map((field) => [field, null])), enhanced_evidence: {} };
}
