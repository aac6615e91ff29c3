import { nowSeconds, type StripeAccount } from '../account.ts';
import { emitEvent } from '../emit-event.ts';
import { newId } from '../new-id.ts';
import type { Charge, PaymentIntent, PaymentMethod } from '../objects.ts';
import type { Metadata } from '../params.ts';

export const boletoDays = 3;

interface PaymentFields {
  amount: number;
  currency: string;
  customer: string | null;
  description?: string | null | undefined;
  metadata?: Metadata | undefined;
  paymentMethod?: string | null | undefined;
  receiptEmail?: string | null | undefined;
  setupFutureUsage?: string | null | undefined;
}

export const declined = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
} as const;

export function openPaymentIntent(account: StripeAccount, fields: PaymentFields): PaymentIntent {
  const id = newId('pi');
  const paymentIntent = {
    id,
    object: 'payment_intent' as const,
    allowed_payment_method_types: null,
    amount: fields.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: 'always', enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_${newId('secret', 25)}`,
    confirmation_method: 'automatic',
    created: nowSeconds(account),
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    description: fields.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: fields.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: fields.paymentMethod ?? null,
    payment_method_configuration_details: null,
    payment_method_options: { card: { installments: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: ['card', 'boleto'],
    payment_record: null,
    processing: null,
    receipt_email: fields.receiptEmail ?? null,
    review: null,
    setup_future_usage: fields.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: fields.paymentMethod ? ('requires_confirmation' as const) : ('requires_payment_method' as const),
    transfer_data: null,
    transfer_group: null,
  };
  account.paymentIntents.add(paymentIntent);
  emitEvent(account, 'payment_intent.created', paymentIntent);
  return paymentIntent;
}

/** Charges a card. False when the bank declines. */
export function chargeCard(account: StripeAccount, paymentIntent: PaymentIntent, method: PaymentMethod): boolean {
  if (account.cardOutcomes.get(method.id) === 'declined') {
    decline(account, paymentIntent, method);
    return false;
  }
  succeed(account, paymentIntent, method);
  return true;
}

/** Shows a boleto that waits for its payer. */
export function presentBoleto(account: StripeAccount, paymentIntent: PaymentIntent, method: PaymentMethod): void {
  Object.assign(paymentIntent, {
    payment_method: method.id,
    status: 'requires_action',
    next_action: {
      type: 'boleto_display_details',
      boleto_display_details: {
        expires_at: nowSeconds(account) + boletoDays * 86_400,
        hosted_voucher_url: null,
        number: '01010101010101010101010101010101010101010101010',
        pdf: null,
      },
    },
  });
  emitEvent(account, 'payment_intent.requires_action', paymentIntent);
}

/** What came of a boleto: it was paid, or it has expired. */
export function settleBoleto(
  account: StripeAccount,
  paymentIntent: PaymentIntent,
  method: PaymentMethod,
  isPaid: boolean,
): void {
  if (isPaid) {
    succeed(account, paymentIntent, method);
    return;
  }
  Object.assign(paymentIntent, {
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_payment_error: {
      type: 'invalid_request_error',
      code: 'payment_intent_payment_attempt_expired',
      message: 'The payment attempt has expired.',
      payment_method: structuredClone(method),
    },
  });
  emitEvent(account, 'payment_intent.payment_failed', paymentIntent);
}

export function cancelPaymentIntent(account: StripeAccount, paymentIntent: PaymentIntent, reason: string): void {
  Object.assign(paymentIntent, {
    status: 'canceled',
    canceled_at: nowSeconds(account),
    cancellation_reason: reason,
    next_action: null,
  });
  emitEvent(account, 'payment_intent.canceled', paymentIntent);
}

function succeed(account: StripeAccount, paymentIntent: PaymentIntent, method: PaymentMethod): void {
  const charge = addCharge(account, paymentIntent, method, true);
  emitEvent(account, 'charge.succeeded', charge);
  Object.assign(paymentIntent, {
    amount_received: paymentIntent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  });
  emitEvent(account, 'payment_intent.succeeded', paymentIntent);
}

function decline(account: StripeAccount, paymentIntent: PaymentIntent, method: PaymentMethod): void {
  const charge = addCharge(account, paymentIntent, method, false);
  emitEvent(account, 'charge.failed', charge);
  Object.assign(paymentIntent, {
    last_payment_error: {
      ...declined,
      charge: charge.id,
      doc_url: 'https://stripe.com/docs/error-codes/card-declined',
      payment_method: structuredClone(method),
      type: 'card_error',
    },
    latest_charge: charge.id,
    payment_method: null,
    status: 'requires_payment_method',
  });
  emitEvent(account, 'payment_intent.payment_failed', paymentIntent);
}

function addCharge(
  account: StripeAccount,
  paymentIntent: PaymentIntent,
  method: PaymentMethod,
  isPaid: boolean,
): Charge {
  const charge = {
    id: newId('ch'),
    object: 'charge' as const,
    amount: paymentIntent.amount,
    amount_captured: isPaid ? paymentIntent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: isPaid ? newId('txn') : null,
    billing_details: {
      address: { city: null, country: 'BR', line1: null, line2: null, postal_code: null, state: null },
      email: account.customers.find(paymentIntent.customer)?.email ?? null,
      name: account.customers.find(paymentIntent.customer)?.name ?? null,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: 'SANDBOX',
    captured: isPaid,
    created: nowSeconds(account),
    currency: paymentIntent.currency,
    customer: paymentIntent.customer,
    description: paymentIntent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: isPaid ? null : declined.code,
    failure_message: isPaid ? null : declined.message,
    fraud_details: {},
    livemode: false,
    metadata: { ...paymentIntent.metadata },
    on_behalf_of: null,
    outcome: outcomeOf(isPaid),
    paid: isPaid,
    payment_intent: paymentIntent.id,
    payment_method: method.id,
    payment_method_details: paymentDetails(method),
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: isPaid ? ('succeeded' as const) : ('failed' as const),
    transfer_data: null,
    transfer_group: null,
  };
  account.charges.add(charge);
  return charge;
}

function outcomeOf(isPaid: boolean) {
  return {
    advice_code: isPaid ? null : 'try_again_later',
    network_advice_code: null,
    network_decline_code: null,
    network_status: isPaid ? 'approved_by_network' : 'declined_by_network',
    reason: isPaid ? null : declined.decline_code,
    risk_level: 'normal',
    seller_message: isPaid ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
    type: isPaid ? 'authorized' : 'issuer_declined',
  };
}

function paymentDetails(method: PaymentMethod): Record<string, unknown> {
  const details = new Map<string, unknown>(Object.entries(method)).get(method.type);
  return { type: method.type, [method.type]: structuredClone(details) };
}
