import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Subscription } from '../billing-objects.ts';
import { requirePrice } from '../catalog/prices.ts';
import { requireCustomer } from '../customers/customers.ts';
import { requirePaymentMethod } from '../customers/payment-methods.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import type { Params } from '../params.ts';
import { declined } from '../payments/charge-payment.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { methodFor } from './collect-invoice.ts';
import { endSubscription } from './end-subscription.ts';
import { startSubscription } from './start-subscription.ts';

const statuses = [
  'active',
  'past_due',
  'unpaid',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'trialing',
  'paused',
  'all',
  'ended',
] as const;
const endedStatuses = ['canceled', 'incomplete_expired'];
const payments = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;
const withoutCard = ['cancel', 'create_invoice', 'pause'] as const;
const feedbacks = [
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
] as const;

/** POST /subscriptions, without Checkout. */
export const createSubscription: StripeHandler = ({ account, params }) => {
  const customer = requireCustomer(account, params.requiredText('customer'), 'customer');
  const items = params.groups('items').map((item) => ({
    price: requirePrice(account, item.requiredText('price'), item.pathOf('price')),
    quantity: item.integer('quantity', { min: 1 }) ?? 1,
  }));
  if (items.length === 0) throw params.missing('items');
  const payment = params.choice('payment_behavior', payments) ?? 'allow_incomplete';
  const card = params.text('default_payment_method');
  const fields = {
    customer,
    items,
    metadata: params.metadata(),
    description: params.text('description') ?? null,
    trialEnd: readTrialEnd(account, params),
    trialWithoutCard: readTrialWithoutCard(params),
    defaultMethod: card === undefined ? null : requirePaymentMethod(account, card, 'default_payment_method').id,
  };
  params.ignore('off_session', 'payment_settings', 'billing_mode');
  params.done();
  if (items.some(({ price }) => price.recurring === null)) {
    throw new StripeError(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
    );
  }
  const method = account.paymentMethods.find(fields.defaultMethod) ?? methodFor(account, { customer: customer.id });
  if (!method && payment !== 'default_incomplete' && fields.trialEnd === null) {
    const message =
      'This customer has no attached payment source or default payment method. Please consider adding a default payment method.';
    throw new StripeError(message, { code: 'resource_missing' });
  }
  if (payment === 'error_if_incomplete' && method && account.cardOutcomes.get(method.id) === 'declined') {
    throw new StripeError(declined.message, { status: 402, type: 'card_error', code: declined.code });
  }
  return startSubscription(account, { ...fields, isCharged: payment !== 'default_incomplete' });
};

export const retrieveSubscription: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireSubscription(account, id, 'id');
};

/** GET /subscriptions: without `status` all that have not ended. */
export const listSubscriptions: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [customer, price] = [params.text('customer'), params.text('price')];
  const status = params.choice('status', statuses);
  const isCreated = params.isInRange('created');
  params.done();
  const isWanted = (subscription: Subscription) => {
    if (status === 'all') return true;
    if (status === 'ended') return endedStatuses.includes(subscription.status);
    return status === undefined ? !endedStatuses.includes(subscription.status) : subscription.status === status;
  };
  return listPage(
    account.subscriptions,
    '/v1/subscriptions',
    page,
    (subscription) =>
      (customer === undefined || subscription.customer === customer) &&
      (price === undefined || subscription.items.data.some((item) => item.price.id === price)) &&
      isWanted(subscription) &&
      isCreated(subscription.created),
  );
};

/** DELETE /subscriptions/:id ends it at once, without giving anything back. */
export const cancelSubscription: StripeHandler = ({ account, params, id }) => {
  const subscription = requireSubscription(account, id, 'id');
  const details = readCancellation(params, subscription);
  params.done();
  if (subscription.ended_at !== null) throw noSuch('subscription', id);
  subscription.cancellation_details = details;
  endSubscription(account, subscription, 'cancellation_requested');
  return subscription;
};

export function requireSubscription(account: StripeAccount, id: string, param: string): Subscription {
  const subscription = account.subscriptions.find(id);
  if (!subscription) throw noSuch('subscription', id, param);
  return subscription;
}

export function readCancellation(params: Params, subscription: Subscription): Subscription['cancellation_details'] {
  const details = params.group('cancellation_details');
  return {
    ...subscription.cancellation_details,
    ...(details?.has('comment') && { comment: details.text('comment') || null }),
    ...(details?.has('feedback') && { feedback: details.choice('feedback', feedbacks) ?? null }),
  };
}

export function readTrialWithoutCard(params: Params) {
  const behavior = params.group('trial_settings')?.group('end_behavior');
  return behavior?.choice('missing_payment_method', withoutCard) ?? 'create_invoice';
}

/** `trial_end` or `trial_period_days`, as the moment when the trial ends. */
function readTrialEnd(account: StripeAccount, params: Params): number | null {
  const days = params.integer('trial_period_days', { min: 1, max: 730 });
  const end = params.integer('trial_end', { min: nowSeconds(account) });
  return end ?? (days === undefined ? null : nowSeconds(account) + days * 86_400);
}
