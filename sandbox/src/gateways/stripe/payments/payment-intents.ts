import type { StripeAccount } from '../account.ts';
import { requireCustomer } from '../customers/customers.ts';
import { attach, findOrMakePaymentMethod } from '../customers/payment-methods.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import type { PaymentIntent, PaymentMethod } from '../objects.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { cancelPaymentIntent, chargeCard, declined, openPaymentIntent } from './charge-payment.ts';

/** Less is not worth a charge; Stripe refuses it. */
export const amountMin = 50;

const cancellationReasons = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const;
/** Documented fields that change nothing here. */
const ignored = [
  'automatic_payment_methods',
  'allowed_payment_method_types',
  'excluded_payment_method_types',
  'error_on_requires_action',
  'off_session',
  'return_url',
  'statement_descriptor',
  'statement_descriptor_suffix',
  'payment_method_options',
  'use_stripe_sdk',
];

/** POST /payment_intents, with `confirm` also the charge. */
export const createPaymentIntent: StripeHandler = ({ account, params }) => {
  refuseMethodTypes(params);
  const amount = params.integer('amount', { min: 1, max: 99_999_999 });
  if (amount === undefined) throw params.missing('amount');
  const fields = {
    amount,
    currency: params.requiredText('currency').toLowerCase(),
    customer: params.text('customer') ?? null,
    description: params.text('description'),
    metadata: params.metadata(),
    receiptEmail: params.text('receipt_email'),
    setupFutureUsage: params.choice('setup_future_usage', ['off_session', 'on_session']),
  };
  const paymentMethod = params.text('payment_method');
  const isConfirmed = params.flag('confirm') ?? false;
  if (params.has('off_session') && !isConfirmed) {
    throw new StripeError('You cannot set `off_session` when `confirm` is not `true`.', { param: 'off_session' });
  }
  params.choice('capture_method', ['automatic', 'automatic_async']);
  params.choice('confirmation_method', ['automatic']);
  params.ignore(...ignored);
  params.done();
  if (amount < amountMin) {
    throw new StripeError('Amount must be at least R$ 0.50 brl', { code: 'amount_too_small', param: 'amount' });
  }
  if (fields.customer !== null) requireCustomer(account, fields.customer, 'customer');
  if (isConfirmed && paymentMethod === undefined) throw missingMethod();
  const method = paymentMethod === undefined ? undefined : requireOwnMethod(account, paymentMethod, fields.customer);
  const paymentIntent = openPaymentIntent(account, { ...fields, paymentMethod: method?.id });
  if (isConfirmed && method) confirm(account, paymentIntent, method);
  return paymentIntent;
};

export const confirmPaymentIntent: StripeHandler = ({ account, params, id }) => {
  refuseMethodTypes(params);
  const paymentIntent = requirePaymentIntent(account, id, 'id');
  const named = params.text('payment_method') ?? paymentIntent.payment_method;
  params.ignore(...ignored);
  params.done();
  if (paymentIntent.status === 'succeeded' || paymentIntent.status === 'canceled') throw unexpectedState(paymentIntent);
  if (named === null) throw missingMethod();
  confirm(account, paymentIntent, requireOwnMethod(account, named, paymentIntent.customer));
  return paymentIntent;
};

export const retrievePaymentIntent: StripeHandler = ({ account, params, id }) => {
  params.ignore('client_secret');
  params.done();
  return requirePaymentIntent(account, id, 'id');
};

export const updatePaymentIntent: StripeHandler = ({ account, params, id }) => {
  const paymentIntent = requirePaymentIntent(account, id, 'id');
  const change = {
    metadata: params.metadata(paymentIntent.metadata),
    description: params.text('description') ?? paymentIntent.description,
  };
  params.done();
  // Stripe has no event for this.
  return Object.assign(paymentIntent, change);
};

export const cancelPayment: StripeHandler = ({ account, params, id }) => {
  const paymentIntent = requirePaymentIntent(account, id, 'id');
  const reason = params.choice('cancellation_reason', cancellationReasons);
  params.done();
  if (paymentIntent.status === 'succeeded' || paymentIntent.status === 'canceled') throw unexpectedState(paymentIntent);
  cancelPaymentIntent(account, paymentIntent, reason ?? 'requested_by_customer');
  return paymentIntent;
};

export const listPaymentIntents: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const customer = params.text('customer');
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.paymentIntents,
    '/v1/payment_intents',
    page,
    (paymentIntent) =>
      (customer === undefined || paymentIntent.customer === customer) && isCreated(paymentIntent.created),
  );
};

export function requirePaymentIntent(account: StripeAccount, id: string, param: string): PaymentIntent {
  const paymentIntent = account.paymentIntents.find(id);
  if (!paymentIntent) throw noSuch('payment_intent', id, param);
  return paymentIntent;
}

/** A declined card is an error of the call, and the payment intent is in it. */
function confirm(account: StripeAccount, paymentIntent: PaymentIntent, method: PaymentMethod): void {
  if (chargeCard(account, paymentIntent, method)) return;
  throw new StripeError(declined.message, {
    status: 402,
    type: 'card_error',
    code: declined.code,
    extra: {
      charge: paymentIntent.latest_charge,
      decline_code: declined.decline_code,
      payment_intent: structuredClone(paymentIntent),
      payment_method: structuredClone(method),
    },
  });
}

function requireOwnMethod(account: StripeAccount, id: string, customer: string | null): PaymentMethod {
  const method = findOrMakePaymentMethod(account, id, 'payment_method');
  if (method.customer !== null && method.customer !== customer) {
    throw new StripeError(
      'The PaymentMethod you provided does not belong to this customer, or you did not name the customer.',
      { code: 'payment_method_customer_mismatch', param: 'payment_method' },
    );
  }
  if (method.customer === null && customer !== null && id !== method.id) attach(account, method, customer);
  return method;
}

function refuseMethodTypes(params: Params): void {
  if (!params.has('payment_method_types')) return;
  throw new StripeError(
    'The `payment_method_types` parameter is no longer supported. Use dynamic payment methods, `allowed_payment_method_types` or `excluded_payment_method_types`.',
    { code: 'payment_method_types_no_longer_supported', param: 'payment_method_types' },
  );
}

function missingMethod(): StripeError {
  const message =
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.";
  return new StripeError(message, { code: 'payment_intent_unexpected_state' });
}

function unexpectedState(paymentIntent: PaymentIntent): StripeError {
  return new StripeError(`This PaymentIntent's state is ${paymentIntent.status}, which does not allow this.`, {
    code: 'payment_intent_unexpected_state',
    extra: { payment_intent: structuredClone(paymentIntent) },
  });
}
